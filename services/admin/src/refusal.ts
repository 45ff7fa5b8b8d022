import type { FastifyReply } from "fastify";

/** Why something that an operator asked for is not done: a code that programs know, and a sentence. */
export interface Refusal {
  readonly kind: "refused";
  readonly reason: RefusalReason;
  readonly message: string;
}

export type RefusalReason =
  | "bad-request"
  | "bad-jid"
  | "bad-password"
  | "bad-json"
  | "bad-contact"
  | "line-too-long"
  | "not-found"
  | "exists"
  | "refused"
  | "unavailable"
  | "stopping"
  | "fault";

const statuses: Readonly<Record<RefusalReason, number>> = {
  "bad-request": 400,
  "bad-jid": 400,
  "bad-password": 400,
  "bad-json": 400,
  "bad-contact": 400,
  "line-too-long": 413,
  "not-found": 404,
  exists: 409,
  refused: 409,
  unavailable: 503,
  stopping: 503,
  fault: 500,
};

/** Answers with the status of the reason and `{"error": reason, "message": …}`. */
export function sendRefusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const status = statuses[refusal.reason];
  if (status === 503) void reply.header("retry-after", "1");
  return reply.code(status).send({ error: refusal.reason, message: refusal.message });
}

/**
 * The refusal that a fault amounts to: a store or an owner that cannot be reached is something to come back
 * for. `undefined` for anything else, which is a fault of ours.
 */
export function refusalOfFault(fault: unknown): Refusal | undefined {
  if (!isRetryable(fault)) return undefined;
  return {
    kind: "refused",
    reason: "unavailable",
    message: `${fault.message}; nothing is lost by asking again`,
  };
}

function isRetryable(fault: unknown): fault is Error {
  return fault instanceof Error && "retryable" in fault && fault.retryable === true;
}
