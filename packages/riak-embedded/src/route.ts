import type { BucketName } from "./store-keys.ts";

/** How a URL names its bucket; answers name buckets and keys the same way. */
export type UrlStyle = "old" | "new" | "typed";

/** What a path stands for. Names and keys are percent-decoded, one character per byte. */
export type Route =
  | { readonly kind: "ping" | "stats" | "unknown" }
  | { readonly kind: "bucket-list"; readonly type: string }
  | { readonly kind: "type-properties"; readonly type: string }
  | ({ readonly kind: "bucket-properties" | "keys" | "old-bucket"; readonly style: UrlStyle } & BucketName)
  | ({ readonly kind: "object"; readonly style: UrlStyle; readonly key: string } & BucketName)
  | ({ readonly kind: "link-walk"; readonly query: readonly string[] } & BucketName)
  | ({ readonly kind: "index"; readonly field: string; readonly range: readonly string[] } & BucketName);

const UNKNOWN: Route = { kind: "unknown" };
const DEFAULT_TYPE = "default";

/**
 * Like Riak's: empty segments do not count, each segment is decoded once, `+` is a space, and a percent sign that
 * starts no sequence stands for itself.
 */
export function parseRoute(path: string): Route {
  const segments = path.split("/");
  let count = 0;
  for (const segment of segments) if (segment !== "") segments[count++] = decodeSegment(segment);
  segments.length = count;
  const [first, second, third] = segments;
  switch (first) {
    case "riak":
      return oldStyle(segments);
    case "buckets":
      return second === undefined
        ? { kind: "bucket-list", type: DEFAULT_TYPE }
        : newStyle(DEFAULT_TYPE, "new", segments.slice(1));
    case "types":
      if (second === undefined) return UNKNOWN;
      if (third === "props" && count === 3) return { kind: "type-properties", type: second };
      if (third !== "buckets") return UNKNOWN;
      return count === 3
        ? { kind: "bucket-list", type: second }
        : newStyle(second, "typed", segments.slice(3));
    case "ping":
    case "stats":
      return count === 1 ? { kind: first } : UNKNOWN;
    default:
      return UNKNOWN;
  }
}

function oldStyle([, bucket, key, ...query]: readonly string[]): Route {
  const type = DEFAULT_TYPE;
  if (bucket === undefined) return { kind: "bucket-list", type };
  if (key === undefined) return { kind: "old-bucket", style: "old", type, bucket };
  if (query.length > 0) return { kind: "link-walk", type, bucket, query };
  return { kind: "object", style: "old", type, bucket, key };
}

function newStyle(type: string, style: UrlStyle, segments: readonly string[]): Route {
  const [bucket, what, third, ...rest] = segments as [string, string?, string?, ...string[]];
  switch (what) {
    case "keys":
      if (third === undefined) return { kind: "keys", style, type, bucket };
      if (rest.length > 0) return { kind: "link-walk", type, bucket, query: rest };
      return { kind: "object", style, type, bucket, key: third };
    case "props":
      return third === undefined ? { kind: "bucket-properties", style, type, bucket } : UNKNOWN;
    case "index":
      if (third === undefined || rest.length < 1 || rest.length > 2) return UNKNOWN;
      return { kind: "index", type, bucket, field: third, range: rest };
    default:
      return UNKNOWN;
  }
}

function decodeSegment(segment: string): string {
  if (!segment.includes("%") && !segment.includes("+")) return segment;
  return segment
    .replaceAll("+", " ")
    .replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** The parameters of a query, decoded like the path; the first of several with one name counts. */
export function parseQuery(query: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  if (query === "") return parameters;
  for (const part of query.split("&")) {
    const equals = part.indexOf("=");
    const name = decodeSegment(equals === -1 ? part : part.slice(0, equals));
    if (name !== "" && !parameters.has(name)) {
      parameters.set(name, equals === -1 ? "" : decodeSegment(part.slice(equals + 1)));
    }
  }
  return parameters;
}

/** A name or key as Riak writes it into `Link` and `Location`. */
export function encodeSegment(text: string): string {
  if (/^[A-Za-z0-9_.~-]*$/.test(text)) return text;
  let encoded = "";
  for (const character of text) {
    if (/[A-Za-z0-9_.~-]/.test(character)) encoded += character;
    else if (character === " ") encoded += "+";
    else encoded += `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
