/**
 * How a request reaches Riak: over HTTP to several nodes (`createHttpTransport`), or by a call into a store of the
 * same process (`createDirectTransport`). A transport knows nothing of objects, siblings or codecs; it does know when
 * a node is not serving, and what it may safely ask again.
 */

export interface RiakRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  /** Percent-encoded, with the query. */
  readonly path: string;
  /** Lower-case names, values in printable ASCII. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string | undefined;
  /** For the whole of it, retries included. Milliseconds. */
  readonly timeoutMs: number;
}

export interface RiakResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** This answers a repetition, and an earlier attempt that failed may have been performed. */
  readonly maybeWritten?: boolean | undefined;
}

/** A response that is read piece by piece. */
export interface RiakStreamResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The borders of the pieces mean nothing. Ending the iteration early ends the response. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface RiakTransport {
  /**
   * Any status is an answer; the last one where several attempts were made.
   * @throws {RiakError} when there was none in time.
   */
  send(request: RiakRequest): Promise<RiakResponse>;
  /**
   * For long listings; `timeoutMs` is the longest silence. Where it is missing, `send` is used and the listing is
   * held in memory as a whole.
   * @throws {RiakError}
   */
  stream?(request: RiakRequest): Promise<RiakStreamResponse>;
  /** Ends what is under way (`closed`) and takes nothing new. */
  close(): Promise<void>;
}
