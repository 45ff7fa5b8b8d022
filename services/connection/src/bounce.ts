/** Faults and refusals as stanza errors: the only mapping of this service. */
import { BusError } from "@rollcall/bus";
import { errorReply, type Stanza, type StanzaErrorCondition } from "@rollcall/xmpp";

/**
 * The condition for a stanza that its owner did not take. Whatever may work later is `resource-constraint`, whose type
 * is `wait` (design, section 3).
 */
export function refusalCondition(error: unknown): StanzaErrorCondition {
  return error instanceof BusError && error.code !== "failed"
    ? "resource-constraint"
    : "internal-server-error";
}

/**
 * The error for the sender of a stanza; `undefined` where none may be sent: for errors and results (RFC 6120, 8.2.3 r4
 * and 8.3.1 r8), and for probes (RFC 6121, 4.3).
 *
 * @param as who refuses, where that is not the address in `to`.
 */
export function bounce(
  stanza: Stanza,
  condition: StanzaErrorCondition,
  sender: string,
  as: string | undefined = stanza.to,
): Stanza | undefined {
  const { kind, type } = stanza;
  if (type === "error") return undefined;
  if (kind === "iq" && type === "result") return undefined;
  if (kind === "presence" && type === "probe") return undefined;
  return errorReply(stanza, condition, { from: as, to: sender });
}
