/**
 * What can go wrong with the store itself. Requests never see it as an exception: `handle` answers 503 instead.
 *
 * - `in-use`: another process, or this one, has the directory open.
 * - `bad-store`: the directory holds something this version cannot read.
 * - `write-failed`: LMDB refused the transaction (disk full, I/O error); nothing of it was written.
 * - `overloaded`: more writes are waiting than the limits allow.
 * - `closed`: after `close()`.
 */
export type EmbeddedRiakErrorCode = "in-use" | "bad-store" | "write-failed" | "overloaded" | "closed";

export class EmbeddedRiakError extends Error {
  override readonly name = "EmbeddedRiakError";
  readonly code: EmbeddedRiakErrorCode;

  constructor(code: EmbeddedRiakErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
