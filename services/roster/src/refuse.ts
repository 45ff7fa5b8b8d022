/** The one place of this service where faults and refusals become stanza errors, and outcomes for the bus. */
import { StoreUnavailableError } from "@rollcall/accounts";
import { BusError, type Outcome } from "@rollcall/bus";
import type { RosterIqRefusal } from "@rollcall/rfc6121";
import { errorReply, type Stanza, type StanzaErrorCondition, type StanzaErrorType } from "@rollcall/xmpp";
import { RosterUnreadableError } from "./store/roster-store.ts";

export type Refusal =
  | RosterIqRefusal
  /** The account has as many contacts as it may have. */
  | { readonly kind: "roster-full" }
  /** The item to remove is not there. */
  | { readonly kind: "no-such-item" }
  /** A request to an account that does not exist (RFC 6121, 8.5.1). */
  | { readonly kind: "no-such-account" }
  /** There is no way to the domain of the contact. */
  | { readonly kind: "no-such-domain" };

interface Answer {
  readonly condition: StanzaErrorCondition;
  readonly type?: StanzaErrorType;
  readonly text?: string;
}

function answerTo(refusal: Refusal): Answer {
  switch (refusal.kind) {
    case "refused":
      return refusal;
    case "roster-full":
      return { condition: "policy-violation", type: "modify", text: "The roster is full." };
    case "no-such-item":
      return { condition: "item-not-found" };
    case "no-such-account":
      return { condition: "service-unavailable" };
    case "no-such-domain":
      return { condition: "remote-server-not-found" };
  }
}

/** The error that a session gets in answer to its stanza. A subscription stanza's comes from the contact (3.1.2). */
export function refusalStanza(stanza: Stanza, refusal: Refusal): Stanza {
  const { condition, type, text } = answerTo(refusal);
  return errorReply(stanza, condition, { type, text });
}

/** What a session is told when a fault kept its command from being written; `undefined` for faults of our own making. */
export function faultStanza(stanza: Stanza, fault: unknown): Stanza | undefined {
  if (fault instanceof StoreUnavailableError) {
    return errorReply(stanza, "resource-constraint", {
      type: "wait",
      text: "Rosters cannot be reached at present.",
    });
  }
  if (fault instanceof RosterUnreadableError) {
    return errorReply(stanza, "internal-server-error", { text: "The stored roster cannot be read." });
  }
  return undefined;
}

/** Whether another process owns the account by now, and does the work. */
export function isFenced(fault: unknown): boolean {
  return fault instanceof BusError && fault.code === "fenced";
}

/** Between two attempts of a command that a fault of the bus or of a store stopped. Milliseconds. */
const retryAfterMs = 100;

/** What the bus should do after a fault that has no stanza to be told in. @throws what is no fault of bus or store. */
export function faultOutcome(fault: unknown): Outcome {
  if (fault instanceof StoreUnavailableError) return { kind: "retry", afterMs: retryAfterMs };
  if (fault instanceof RosterUnreadableError) return { kind: "reject", reason: fault.code };
  // With the reason `fenced` the command goes to whoever owns the account by now.
  if (fault instanceof BusError) {
    return fault.retryable
      ? { kind: "retry", afterMs: retryAfterMs }
      : { kind: "reject", reason: fault.code };
  }
  throw fault;
}
