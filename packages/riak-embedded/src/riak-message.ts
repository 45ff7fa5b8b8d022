export type RiakMethod = "GET" | "HEAD" | "PUT" | "POST" | "DELETE";

/** One HTTP request to Riak, independent of any socket. */
export interface RiakRequest {
  readonly method: RiakMethod;
  /** Percent-encoded path with its query, as it stands in a request line. */
  readonly path: string;
  /** Names in lower case. Values are what HTTP carries: one character per byte, U+0000 to U+00FF. */
  readonly headers: Readonly<Record<string, string>>;
  /** A string is sent as UTF-8. */
  readonly body: Uint8Array | string | undefined;
  /** How long the caller is willing to wait for a write, in milliseconds. */
  readonly timeoutMs: number;
}

/** The whole answer to one request. */
export interface RiakResponse {
  readonly status: number;
  /** Names in lower case, values with one character per byte. */
  readonly headers: Readonly<Record<string, string>>;
  /** Empty for HEAD, 204 and 304. Belongs to the receiver. */
  readonly body: Uint8Array;
}

/**
 * An answer as the resources make it: `pages` stands in for `body` where the body is long (key listings), so that the
 * server can send it piece by piece. Each piece is made when it is asked for.
 */
export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
  readonly pages?: Iterable<string>;
}
