import { Counts, Histograms, secondsBounds, stanzaKinds } from "@rollcall/telemetry";
import type { Stanza } from "@rollcall/xmpp";
import type { Destination } from "./route-stanza.ts";

/** Numbers of the way from clients to the bus, by `stanzaKinds`. */
export class UplinkCounters {
  readonly stanzasIn = Counts.of("kind", stanzaKinds);
  /** Malformed, or for a domain that cannot be reached. */
  readonly stanzasRefused = Counts.of("kind", stanzaKinds);
  /** Answered in the name of the server. */
  stanzasAnswered = 0;
  /** Not taken by their owner. */
  readonly stanzasBounced = Counts.of("kind", stanzaKinds);
  /** With an owner, which has not finished with them. */
  stanzasUnderWay = 0;
  /** From the arrival to the word of the owner. */
  readonly uplinkSeconds = Histograms.of(secondsBounds, "kind", stanzaKinds);
}

/** An index of `stanzaKinds`. */
export type KindIndex = number;

const MESSAGE: KindIndex = stanzaKinds.indexOf("message");
const IQ: KindIndex = stanzaKinds.indexOf("iq");
const ROSTER: KindIndex = stanzaKinds.indexOf("roster");
const PRESENCE: KindIndex = stanzaKinds.indexOf("presence");
const DIRECTED_PRESENCE: KindIndex = stanzaKinds.indexOf("directed_presence");
const SUBSCRIPTION: KindIndex = stanzaKinds.indexOf("subscription");

/** Of a stanza that nobody has to act on. */
export function kindOf({ kind }: Stanza): KindIndex {
  if (kind === "message") return MESSAGE;
  return kind === "iq" ? IQ : PRESENCE;
}

/** Of a stanza by what has to be done for it. */
export function kindOfDestination(destination: Destination, stanza: Stanza): KindIndex {
  switch (destination.kind) {
    case "presence-command":
      return destination.command.kind === "broadcast-presence" ? PRESENCE : DIRECTED_PRESENCE;
    case "roster-command":
      return destination.command.kind === "roster-iq" ? ROSTER : SUBSCRIPTION;
    default:
      return kindOf(stanza);
  }
}
