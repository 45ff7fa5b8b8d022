/**
 * multipart/mixed (RFC 2046, 5.1) as Riak sends siblings: CRLF before the first boundary, a part's headers, an empty
 * line, its bytes. Values are taken as they are, so a value may contain anything but the boundary itself.
 */
import { RiakError } from "./riak-error.ts";

export interface MultipartPart {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const CRLF = "\r\n";
const CR = 13;
const LF = 10;
const DASH = 45;
const SPACE = 32;
const TAB = 9;

/** The boundary parameter of a `multipart/mixed` content type, or `undefined` for another type. */
export function boundaryOf(contentType: string): string | undefined {
  const match = /^\s*multipart\/mixed\s*;(?:.*;)?\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType);
  return match?.[1] ?? match?.[2];
}

/** @throws {RiakError} `bad-response` when the body does not end with the closing boundary, or a part is malformed. */
export function parseMultipart(body: Uint8Array, boundary: string): MultipartPart[] {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const delimiter = Buffer.from(`${CRLF}--${boundary}`, "latin1");
  const parts: MultipartPart[] = [];
  let at = firstDelimiter(bytes, delimiter);
  for (;;) {
    if (bytes[at] === DASH && bytes[at + 1] === DASH) return parts;
    const start = lineEnd(bytes, at);
    const next = nextDelimiter(bytes, delimiter, start);
    parts.push(parsePart(bytes.subarray(start, next)));
    at = next + delimiter.length;
  }
}

/** Where the first boundary ends; it may stand at the very beginning, without a line break before it. */
function firstDelimiter(bytes: Buffer, delimiter: Buffer): number {
  const bare = delimiter.subarray(CRLF.length);
  if (bytes.subarray(0, bare.length).equals(bare) && endsBoundary(bytes, bare.length)) return bare.length;
  return nextDelimiter(bytes, delimiter, 0) + delimiter.length;
}

function nextDelimiter(bytes: Buffer, delimiter: Buffer, from: number): number {
  // Where a part has neither headers nor body, the line break before the boundary is the one that ended the last line.
  let at = bytes.indexOf(delimiter, Math.max(0, from - CRLF.length));
  while (at >= 0 && !endsBoundary(bytes, at + delimiter.length)) at = bytes.indexOf(delimiter, at + 1);
  if (at < 0) throw new RiakError("bad-response", "multipart body without closing boundary");
  return at;
}

/** A longer word that begins with the boundary is content. */
function endsBoundary(bytes: Buffer, at: number): boolean {
  const next = bytes[at];
  return next === CR || next === SPACE || next === TAB || (next === DASH && bytes[at + 1] === DASH);
}

function lineEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === SPACE || bytes[at] === TAB) at++;
  if (bytes[at] !== CR || bytes[at + 1] !== LF) {
    throw new RiakError("bad-response", "multipart boundary is not a line");
  }
  return at + CRLF.length;
}

function parsePart(part: Buffer): MultipartPart {
  if (part[0] === CR && part[1] === LF) return { headers: {}, body: part.subarray(CRLF.length) };
  const end = part.indexOf(`${CRLF}${CRLF}`);
  const headers: Record<string, string> = {};
  for (const line of part.toString("latin1", 0, end < 0 ? part.length : end).split(CRLF)) {
    const colon = line.indexOf(":");
    if (colon <= 0) {
      if (line === "") continue;
      throw new RiakError("bad-response", "multipart header without a name");
    }
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    const earlier = headers[name];
    headers[name] = earlier === undefined ? value : `${earlier}, ${value}`;
  }
  return { headers, body: end < 0 ? part.subarray(part.length) : part.subarray(end + 4) };
}
