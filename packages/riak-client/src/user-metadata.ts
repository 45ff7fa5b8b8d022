/**
 * User metadata travels as `X-Riak-Meta-*` headers. Riak changes the case of names, and headers are no place for
 * anything but ASCII, so:
 *
 * - names are lower case: letters, digits, `-` and `_`;
 * - in values, `%`, spaces at either end and everything outside printable ASCII are percent-encoded as UTF-8.
 *
 * A value written by others without that encoding is read as it is: bytes that are UTF-8 as text, a `%` that begins
 * no valid sequence as itself.
 */
import { RiakError } from "./riak-error.ts";

const PREFIX = "x-riak-meta-";
const NAME = /^[a-z0-9][a-z0-9_-]*$/;
const NEEDS_ENCODING = /[^\x20-\x24\x26-\x7e]|^ | $/;
const UNSAFE = /[^\x20-\x24\x26-\x7e]+|^ +| +$/gu;
const NOT_ASCII = /[\x80-\xff]/;
const WIDE = /[^\x00-\xff]/;

/** Longest value once encoded. Riak refuses a header line of more than about 8 KB (431). */
export const MAX_META_VALUE_BYTES = 7_500;
/** All names and values of an object once encoded. */
export const MAX_META_BYTES = 32_000;

/**
 * Adds metadata to the headers of a write.
 * @throws {RiakError} `bad-request` for a name, `too-large` over `MAX_META_VALUE_BYTES` or `MAX_META_BYTES`.
 */
export function addMetaHeaders(
  headers: Record<string, string>,
  meta: Readonly<Record<string, string>>,
): void {
  let total = 0;
  for (const name in meta) {
    if (!NAME.test(name)) throw new RiakError("bad-request", "metadata name is not lower-case ASCII");
    const value = encodeMetaValue(meta[name] ?? "");
    total += PREFIX.length + name.length + value.length;
    if (value.length > MAX_META_VALUE_BYTES || total > MAX_META_BYTES) {
      throw new RiakError("too-large", `metadata ${name} is over the limit`);
    }
    headers[PREFIX + name] = value;
  }
}

/** The metadata among an object's headers (lower-case names), decoded. */
export function metaOf(headers: Readonly<Record<string, string>>): Record<string, string> {
  const meta: Record<string, string> = {};
  for (const name in headers) {
    if (name.startsWith(PREFIX)) meta[name.slice(PREFIX.length)] = decodeMetaValue(headers[name] ?? "");
  }
  return meta;
}

/** @throws {RiakError} `bad-request` for lone surrogates. */
export function encodeMetaValue(value: string): string {
  if (!NEEDS_ENCODING.test(value)) return value;
  try {
    return value.replace(UNSAFE, encodeURIComponent);
  } catch (cause) {
    throw new RiakError("bad-request", "metadata is not well-formed Unicode", { cause });
  }
}

export function decodeMetaValue(header: string): string {
  let value = header;
  // Header bytes arrive as Latin-1; a hand-written value is UTF-8 inside.
  if (NOT_ASCII.test(value) && !WIDE.test(value)) {
    const text = Buffer.from(value, "latin1").toString("utf8");
    if (!text.includes("\ufffd")) value = text;
  }
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    // Not ours: a `%` that stands for itself.
    return value;
  }
}
