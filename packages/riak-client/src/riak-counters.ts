import { Histograms, type Span, secondsBounds } from "@rollcall/telemetry";
import type { RiakErrorCode } from "./riak-error.ts";

const outcomes = ["ok", "failed"] as const;

/** What a client did so far, per operation and outcome. Counted up in place; read whenever. */
export class RiakCounters {
  getFound = 0;
  getMissing = 0;
  getUnchanged = 0;
  getSiblings = 0;
  getFailed = 0;
  putStored = 0;
  putSiblings = 0;
  putFailed = 0;
  /** Of the failed writes: those that may have been performed. */
  putUnknown = 0;
  deleteDeleted = 0;
  deleteMissing = 0;
  deleteFailed = 0;
  keysListed = 0;
  keysFailed = 0;
  propertiesFailed = 0;
  pingFailed = 0;
  failedUnavailable = 0;
  failedTimeout = 0;
  failedOverloaded = 0;
  failedBadRequest = 0;
  failedBadValue = 0;
  failedTooLarge = 0;
  failedBadResponse = 0;
  failedServerError = 0;
  failedClosed = 0;
  readonly getSeconds = Histograms.of(secondsBounds, "outcome", outcomes);
  readonly putSeconds = Histograms.of(secondsBounds, "outcome", outcomes);
  readonly deleteSeconds = Histograms.of(secondsBounds, "outcome", outcomes);

  /** @param beganAt on the clock of `performance`. */
  took(operation: "get" | "put" | "delete", beganAt: number, isOk: boolean, span: Span | undefined): void {
    const seconds = (performance.now() - beganAt) / 1_000;
    this[secondsFields[operation]].at(isOk ? 0 : 1).record(seconds, span?.traceId);
  }

  countFailure(code: RiakErrorCode): void {
    this[failureFields[code]]++;
  }
}

const secondsFields = { get: "getSeconds", put: "putSeconds", delete: "deleteSeconds" } as const;

const failureFields = {
  unavailable: "failedUnavailable",
  timeout: "failedTimeout",
  overloaded: "failedOverloaded",
  "bad-request": "failedBadRequest",
  "bad-value": "failedBadValue",
  "too-large": "failedTooLarge",
  "bad-response": "failedBadResponse",
  "server-error": "failedServerError",
  closed: "failedClosed",
} as const satisfies Record<RiakErrorCode, keyof RiakCounters>;
