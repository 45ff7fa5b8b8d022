/**
 * - `unavailable`: no node answered, or the one that did is not serving (starting, too few vnodes)
 * - `timeout`: not in time, here or inside Riak
 * - `overloaded`: too much is under way, here or in Riak
 * - `bad-request`: Riak will refuse this however often it is asked
 * - `bad-value`: the codec cannot encode the value, or cannot decode the stored one
 * - `too-large`: the value, its metadata, the key or the response is over a limit
 * - `bad-response`: what came back is not what Riak says
 * - `server-error`: Riak failed on this request (500 with a stack trace)
 * - `closed`: the client was closed
 */
export type RiakErrorCode =
  | "unavailable"
  | "timeout"
  | "overloaded"
  | "bad-request"
  | "bad-value"
  | "too-large"
  | "bad-response"
  | "server-error"
  | "closed";

const retryableCodes: Readonly<Record<RiakErrorCode, boolean>> = {
  unavailable: true,
  timeout: true,
  overloaded: true,
  "bad-request": false,
  "bad-value": false,
  "too-large": false,
  "bad-response": true,
  "server-error": false,
  closed: false,
};

export interface RiakErrorOptions {
  readonly cause?: unknown;
  readonly maybeWritten?: boolean | undefined;
  readonly status?: number | undefined;
  readonly bucket?: string | undefined;
}

/** A fault of Riak or of the way to it. Messages name neither keys nor values. */
export class RiakError extends Error {
  override readonly name = "RiakError";
  readonly code: RiakErrorCode;
  /** The same request may succeed later. */
  readonly retryable: boolean;
  /**
   * A write that failed here may have been performed, or may still be: Riak stores first and then finds that it has
   * too few confirmations or no time left. Whoever repeats it must read first, or be able to merge.
   */
  readonly maybeWritten: boolean;
  /** The HTTP status, where there was a response. */
  readonly status: number | undefined;
  readonly bucket: string | undefined;

  constructor(code: RiakErrorCode, message: string, options: RiakErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = retryableCodes[code];
    this.maybeWritten = options.maybeWritten ?? false;
    this.status = options.status;
    this.bucket = options.bucket;
  }
}
