/** When sessions ceased to be available, as far as clients and faults tell. */
import type { Fault } from "./history.ts";
import { bareOf, type History, type SessionLife } from "./sessions.ts";

/** One reason for one `unavailable` to each who saw the session. */
export interface SessionEnd {
  readonly session: number;
  /** The `unavailable` can be seen from here on. */
  readonly earliest: number;
  /** When the client knew. */
  readonly at: number;
  /** The fault that killed its node. */
  readonly killedAt: number | undefined;
  /** Only this account is told. */
  readonly only: string | undefined;
}

/** The server may tell others of an end before it, or its client, is through with it. */
const simultaneousMs = 2_000;
/** A node silent for this long can be declared dead. */
const silenceMs = 4_000;

/** Ends of all sessions of a full JID, in their order. */
export function endsOf(history: History, jid: string): SessionEnd[] {
  const faults = history.events.filter((event): event is Fault => event.kind === "fault");
  return history.ofJid(jid).flatMap((life) => endsOfSession(life, faults));
}

function endsOfSession(life: SessionLife, faults: readonly Fault[]): SessionEnd[] {
  const ends: SessionEnd[] = [];
  let available = false;
  const directed = new Set<string>();
  for (const { at, stanza } of life.sent) {
    if (stanza.what === "available") {
      if (stanza.to === undefined) available = true;
      else directed.add(bareOf(stanza.to));
    } else if (stanza.what === "unavailable") {
      const end = { session: life.id, earliest: at, at, killedAt: undefined };
      ends.push({ ...end, only: stanza.to === undefined ? undefined : bareOf(stanza.to) });
      if (stanza.to === undefined) {
        available = false;
        directed.clear();
      } else directed.delete(bareOf(stanza.to));
    }
  }
  if (life.endedAt === Number.POSITIVE_INFINITY || !(available || directed.size > 0)) return ends;
  const frozen = faults.find(
    (fault) =>
      fault.verb === "freeze" &&
      fault.target === life.node &&
      fault.until - fault.at >= silenceMs &&
      life.boundAt < fault.until &&
      life.endedAt > fault.at,
  );
  const killed = faults.find(
    (fault) =>
      fault.verb.startsWith("killNode") &&
      fault.target === life.node &&
      Math.abs(fault.at - life.endedAt) < 1_000,
  );
  ends.push({
    session: life.id,
    earliest:
      frozen === undefined ? life.endedAt - simultaneousMs : Math.max(life.boundAt, frozen.at + silenceMs),
    at: life.endedAt,
    killedAt: killed?.at,
    only: undefined,
  });
  return ends;
}
