import { createHash } from "node:crypto";
import { bodyAnswer, type VARY_BOTH, VARY_ENCODING } from "./answers.ts";
import { base62Of, randomBase62 } from "./base62.ts";
import { httpDate } from "./http-date.ts";
import type { Answer } from "./riak-message.ts";
import { encodeSegment, type UrlStyle } from "./route.ts";
import { newestDot, newestModification, type Sibling } from "./siblings.ts";
import { type Dot, encodeVclock } from "./vclock.ts";

/** How objects look on the wire. */

const TAG_LENGTH = 22;
const BOUNDARY_LENGTH = 27;

/** Where an object is, in the words of the request. */
export interface ObjectLocation {
  readonly storeId: Uint8Array;
  readonly style: UrlStyle;
  readonly bucket: string;
}

/** The entity tag of an object with several siblings: the same as long as its context is. */
export function siblingsTag(storeId: Uint8Array, siblings: readonly Sibling[]): string {
  const hash = createHash("sha256")
    .update(encodeVclock(storeId, newestDot(siblings)))
    .digest();
  return base62Of(hash, TAG_LENGTH);
}

/**
 * 200 with one value.
 *
 * @param context of the whole object.
 * @param copyBody whether the body is memory of the store.
 */
export function valueAnswer(
  location: ObjectLocation,
  sibling: Sibling,
  context: Dot,
  copyBody: boolean,
): Answer {
  const headers: Record<string, string> = {
    "x-riak-vclock": encodeVclock(location.storeId, context),
    vary: VARY_ENCODING,
    link: linkHeader(location, sibling),
    "last-modified": httpDate(sibling.lastModified),
    etag: `"${sibling.vtag}"`,
  };
  addMetadata(headers, sibling);
  return bodyAnswer(200, sibling.contentType, copyBody ? Buffer.from(sibling.body) : sibling.body, headers);
}

/** 300 with a list of the siblings' tags, or with all of them. @param mediaType `text/plain` or `multipart/mixed`. */
export function siblingsAnswer(
  location: ObjectLocation,
  siblings: readonly Sibling[],
  mediaType: string,
  vary: typeof VARY_ENCODING | typeof VARY_BOTH,
): Answer {
  const headers: Record<string, string> = {
    "x-riak-vclock": encodeVclock(location.storeId, newestDot(siblings)),
    vary,
    "last-modified": httpDate(newestModification(siblings)),
    etag: `"${siblingsTag(location.storeId, siblings)}"`,
  };
  if (mediaType === "text/plain") {
    const list = siblings.map(({ vtag }) => `${vtag}\n`).join("");
    return bodyAnswer(300, "text/plain", `Siblings:\n${list}`, headers);
  }
  const boundary = randomBase62(BOUNDARY_LENGTH);
  const parts: Uint8Array[] = [];
  for (const sibling of siblings) {
    const partHeaders: Record<string, string> = {
      "Content-Type": sibling.contentType,
      Link: linkHeader(location, sibling),
      Etag: sibling.vtag,
      "Last-Modified": httpDate(sibling.lastModified),
    };
    addMetadata(partHeaders, sibling);
    let head = `\r\n--${boundary}\r\n`;
    for (const [name, value] of Object.entries(partHeaders)) head += `${titleCase(name)}: ${value}\r\n`;
    parts.push(Buffer.from(`${head}\r\n`, "latin1"), sibling.body);
  }
  parts.push(Buffer.from(`\r\n--${boundary}--\r\n`, "latin1"));
  return bodyAnswer(300, `multipart/mixed; boundary=${boundary}`, Buffer.concat(parts), headers);
}

const titles = new Map<string, string>([["etag", "ETag"]]);
const TITLES_LIMIT = 1000;

/** The name as Riak writes it: `x-riak-meta-owner` is `X-Riak-Meta-Owner`; index headers stay in lower case. */
export function titleCase(name: string): string {
  let title = titles.get(name);
  if (title === undefined) {
    title = name.startsWith("x-riak-index-")
      ? name
      : name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
    if (titles.size < TITLES_LIMIT) titles.set(name, title);
  }
  return title;
}

function addMetadata(headers: Record<string, string>, sibling: Sibling): void {
  if (sibling.deleted) headers["x-riak-deleted"] = "true";
  if (sibling.contentEncoding !== undefined) headers["content-encoding"] = sibling.contentEncoding;
  for (const name in sibling.meta) headers[`x-riak-meta-${name}`] = sibling.meta[name]!;
  for (const [field, value] of sibling.indexes) {
    const name = `x-riak-index-${field}`;
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
}

function linkHeader({ style, bucket }: ObjectLocation, { links }: Sibling): string {
  const root = style === "old" ? "riak" : "buckets";
  const up = `</${root}/${encodeSegment(bucket)}>; rel="up"`;
  if (links.length === 0) return up;
  const keys = style === "old" ? "" : "keys/";
  const tagged = links.map(
    ([target, key, tag]) =>
      `</${root}/${encodeSegment(target)}/${keys}${encodeSegment(key)}>; riaktag="${tag}"`,
  );
  return [...tagged, up].join(", ");
}
