/** How values of a bucket become bytes. */
export interface ValueCodec<T> {
  /** Sent with every write, e.g. `application/json`. */
  readonly contentType: string;
  encode(value: T): Uint8Array | string;
  /** What it throws becomes a `RiakError` `bad-value`. `contentType` is the stored one, written by whoever wrote. */
  decode(body: Uint8Array, contentType: string): T;
}

/**
 * JSON in UTF-8, whatever content type it was stored with. The shape is not checked: use it for values that are
 * validated elsewhere.
 */
export function jsonCodec<T>(): ValueCodec<T> {
  return {
    contentType: "application/json",
    encode(value) {
      const text = JSON.stringify(value);
      if (text === undefined) throw new TypeError("value has no JSON form");
      return text;
    },
    decode: (body) =>
      JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8")) as T,
  };
}
