/**
 * Names, keys, header values: bytes from HTTP, held in strings of one character per byte (U+0000 to U+00FF). They compare
 * and concatenate as the bytes do, and go through JSON and `Map` unchanged.
 */

/** The text that the bytes are in UTF-8; what is none comes out as U+FFFD, where Riak would fail the whole answer. */
export function decodeByteString(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString();
}
