import { PARTITIONS, partitionOf } from "@rollcall/contracts";
import type { Clock } from "@rollcall/runtime";
import type { Handover } from "../uplink/publish-stanza.ts";
import { Acknowledged } from "./acknowledged.ts";
import { KeptTexts, standingAlone } from "./kept-texts.ts";
import type { LocalSession } from "./local-session.ts";

export interface ReportableSessionsOptions {
  readonly clock: Clock;
  /** Addressees of directed presence that are remembered for a session. */
  readonly directedPerSession: number;
  /** What sessions of the partition owe to others if their node dies is different now. */
  readonly changed: (partition: number) => void;
}

/** Characters of all the addressees of a session: with its presence it has to fit into one message of the bus. */
const DIRECTED_LENGTH = 65_536;

/**
 * The sessions of this node by partition, with what owners have acknowledged of them. A session is here from the moment
 * it is bound until an owner has confirmed its end: before that an owner that comes anew has to know of it.
 */
export class ReportableSessions {
  readonly #options: ReportableSessionsOptions;
  readonly #texts = new KeptTexts();
  /** By partition, in the order of their handles. */
  readonly #sessions: LocalSession[][] = Array.from({ length: PARTITIONS }, () => []);

  constructor(options: ReportableSessionsOptions) {
    this.#options = options;
  }

  /** The resource is bound. */
  add(session: LocalSession): void {
    const partition = partitionOf(session.account);
    session.acknowledged = new Acknowledged(partition, this.#options.clock.now());
    const sessions = this.#sessions[partition]!;
    sessions.splice(placeAfter(sessions, session.ref.session), 0, session);
  }

  /** Nobody has to know of the session any more. */
  remove(session: LocalSession): void {
    const { acknowledged, ref } = session;
    if (acknowledged === undefined) return;
    const sessions = this.#sessions[acknowledged.partition]!;
    const place = placeAfter(sessions, ref.session) - 1;
    if (sessions[place] !== session) return;
    sessions.splice(place, 1);
    if (acknowledged.isOwing) this.#options.changed(acknowledged.partition);
  }

  /** In the order of their handles. Not to be kept. */
  of(partition: number): readonly LocalSession[] {
    return this.#sessions[partition] ?? [];
  }

  /** The sessions of the partitions behind a handle, in the order of their handles, as far as they are asked for. */
  *behind(handle: number, partitions: Iterable<number>): Generator<LocalSession> {
    const cursors: { readonly sessions: readonly LocalSession[]; place: number }[] = [];
    for (const partition of new Set(partitions)) {
      const sessions = this.of(partition);
      const place = placeAfter(sessions, handle);
      if (place < sessions.length) cursors.push({ sessions, place });
    }
    for (;;) {
      let first: (typeof cursors)[number] | undefined;
      let lowest = Number.POSITIVE_INFINITY;
      for (const cursor of cursors) {
        const next = cursor.sessions[cursor.place]?.ref.session ?? Number.POSITIVE_INFINITY;
        if (next < lowest) {
          lowest = next;
          first = cursor;
        }
      }
      if (first === undefined) return;
      yield first.sessions[first.place]!;
      first.place += 1;
    }
  }

  /** What the session said goes to an owner. */
  handsOver({ acknowledged }: LocalSession, handover: Handover): void {
    if (acknowledged === undefined || handover.kind !== "presence-command") return;
    const { kind, stanza } = handover.command;
    if (kind !== "broadcast-presence" || stanza.type !== undefined) return;
    acknowledged.becomesAvailable = acknowledged.presence === undefined;
  }

  /** No owner took it. */
  refused({ acknowledged }: LocalSession): void {
    if (acknowledged !== undefined) acknowledged.becomesAvailable = false;
  }

  /** An owner has acknowledged what the session said. */
  acknowledge(session: LocalSession, handover: Handover): void {
    const { acknowledged } = session;
    if (acknowledged === undefined) return;
    acknowledged.becomesAvailable = false;
    switch (handover.kind) {
      case "deliver":
        return;
      case "roster-command": {
        const { kind, stanza } = handover.command;
        // The roster of somebody else is refused.
        const isOwn = stanza.to === undefined || stanza.to === session.account;
        if (kind === "roster-iq" && stanza.type === "get" && isOwn) acknowledged.interested = true;
        return;
      }
      case "presence-command":
        if (this.#takePresence(session, acknowledged, handover.command)) {
          this.#options.changed(acknowledged.partition);
        }
    }
  }

  /** @returns whether the session owes something else now. */
  #takePresence(
    session: LocalSession,
    acknowledged: Acknowledged,
    { kind, stanza, at }: Extract<Handover, { kind: "presence-command" }>["command"],
  ): boolean {
    if (kind === "broadcast-presence") {
      if (stanza.type === undefined) {
        const isNews = acknowledged.presence === undefined;
        acknowledged.presence = this.#texts.stanza(stanza, session.jid);
        acknowledged.presenceAt = at;
        return isNews;
      }
      const isNews = acknowledged.isOwing;
      acknowledged.presence = undefined;
      acknowledged.removeAllDirected();
      return isNews;
    }
    if (stanza.to === undefined) return false;
    if (stanza.type === "unavailable") return acknowledged.removeDirected(stanza.to);
    if (stanza.type !== undefined) return false;
    const { directedPerSession } = this.#options;
    return acknowledged.addDirected(standingAlone(stanza.to), directedPerSession, DIRECTED_LENGTH);
  }
}

/** Where the first session with a higher handle is. */
function placeAfter(sessions: readonly LocalSession[], handle: number): number {
  let low = 0;
  let high = sessions.length;
  // Most often it is the newest.
  if (high > 0 && sessions[high - 1]!.ref.session <= handle) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sessions[middle]!.ref.session <= handle) low = middle + 1;
    else high = middle;
  }
  return low;
}
