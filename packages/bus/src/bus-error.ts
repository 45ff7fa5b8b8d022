export type BusErrorCode =
  | "queue-full"
  | "no-owner"
  | "no-answer"
  | "gave-up"
  | "failed"
  /** The receiver knows of a later owner than this process, which acts as one: somebody else does the work. */
  | "fenced"
  | "closed";

/** A fault of the bus. `retryable` says whether the same call may succeed later. */
export class BusError extends Error {
  override readonly name = "BusError";
  readonly code: BusErrorCode;
  readonly retryable: boolean;

  constructor(code: BusErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.retryable = code !== "closed" && code !== "failed" && code !== "fenced";
  }
}
