import { textAnswer } from "./answers.ts";
import { MAX_ENTRY_BYTES, parseIndexInteger } from "./index-keys.ts";
import type { Answer } from "./riak-message.ts";
import { parseRoute } from "./route.ts";
import type { Sibling } from "./siblings.ts";

const META_PREFIX = "x-riak-meta-";
const INDEX_PREFIX = "x-riak-index-";
/** Riak's web server reads header lines into a buffer of this size. */
const MAX_HEADER_LINE_BYTES = 8192;
/** What HTTP allows in a header value: no control characters but tab, and one byte per character. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** What HTTP allows in a header name, here in lower case. */
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
/** Other headers that come back with the value. */
const KEPT_HEADERS: ReadonlySet<string> = new Set(["content-type", "content-encoding", "link"]);

/** What the headers of a write say about the value. */
export type Metadata = Pick<Sibling, "meta" | "indexes" | "links">;

/** @returns the metadata, or the 400 or 431 to answer with. */
export function parseMetadata(headers: Readonly<Record<string, string>>): Metadata | Answer {
  const meta: Record<string, string> = Object.create(null) as Record<string, string>;
  const indexes: [string, string][] = [];
  for (const name in headers) {
    if (!name.startsWith("x-riak-") && !KEPT_HEADERS.has(name)) continue;
    const value = headers[name]!;
    if (name.length + value.length + 2 > MAX_HEADER_LINE_BYTES) return textAnswer(431, "");
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) return textAnswer(400, "Bad header\n");
    if (name.startsWith(META_PREFIX)) {
      meta[name.slice(META_PREFIX.length)] = value;
    } else if (name.startsWith(INDEX_PREFIX)) {
      const refusal = addIndexValues(indexes, name.slice(INDEX_PREFIX.length), value);
      if (refusal !== undefined) return refusal;
    }
  }
  const links = headers.link === undefined ? [] : parseLinks(headers.link);
  if (links === undefined) {
    return textAnswer(
      400,
      'Invalid Link header. Links must be of the form\n</buckets/BUCKET/keys/KEY>; riaktag="TAG"\n',
    );
  }
  return { meta, indexes, links };
}

function addIndexValues(indexes: [string, string][], field: string, list: string): Answer | undefined {
  const isInteger = field.endsWith("_int");
  if (!isInteger && !field.endsWith("_bin")) {
    return textAnswer(400, `Unknown field type for field: '${field}'.\n`);
  }
  // Several values are separated by comma and space; a comma alone belongs to the value.
  for (const value of list.split(", ")) {
    const integer = isInteger ? parseIndexInteger(value.trim()) : undefined;
    if (isInteger && integer === undefined) {
      return textAnswer(400, `Could not parse field '${field}', value '${value}'.\n`);
    }
    if (field.length + value.length > MAX_ENTRY_BYTES / 2) {
      return textAnswer(400, `The value of field '${field}' is too long.\n`);
    }
    indexes.push([field, integer === undefined ? value : integer.toString()]);
  }
  return undefined;
}

/** `rel="up"` is what every answer carries and is left out. @returns `undefined` if the header is malformed. */
function parseLinks(header: string): [string, string, string][] | undefined {
  const links: [string, string, string][] = [];
  for (const part of header.split(/,(?=\s*<)/)) {
    const [, path, name, value] = /^\s*<([^>]*)>\s*;\s*(riaktag|rel)="([^"]*)"\s*$/.exec(part) ?? [];
    if (path === undefined) return undefined;
    const route = parseRoute(path);
    if (name === "rel" && value === "up") continue;
    if (name !== "riaktag" || route.kind !== "object") return undefined;
    links.push([route.bucket, route.key, value!]);
  }
  return links;
}
