import type { BareJid, Stanza } from "@rollcall/xmpp";
import type { SessionRef } from "./session.ts";

/**
 * A message, iq or presence for an account: its presence owner applies RFC 6121, section 8.
 * `from` is stamped, `to` is canonical and its bare form is the key. Subscription stanzas never come this way.
 */
export interface DeliverStanza {
  readonly stanza: Stanza;
  /** The account's session that just turned out to be gone; it does not count any more. */
  readonly failedSession: SessionRef | undefined;
  /** Milliseconds since the epoch at which the server received the stanza. */
  readonly at: number;
  /** The same from two owners that say the same, one after the other; without it the message is known by the bus's own id. */
  readonly repetitionId?: string | undefined;
}

/** Something for many accounts at once, named by the keys of the multicast. */
export type PresenceFanOut =
  | {
      /** Available or unavailable presence without `to`; each account's available sessions get it, `to` its bare JID. */
      readonly kind: "presence";
      readonly stanza: Stanza;
      /** As in `DeliverStanza`. */
      readonly repetitionId?: string | undefined;
    }
  | {
      /**
       * `prober` became available and is subscribed to the accounts: each answers as RFC 6121, 4.3.2 says, or not at
       * all where its roster does not know the prober.
       */
      readonly kind: "probe";
      /** Bare JID that the accounts check their roster for. */
      readonly prober: BareJid;
      /**
       * Session that gets the answers, from the owner of the prober as all presence of the contacts, whose order would
       * not hold on two ways; `undefined` sends them to the prober's bare JID.
       */
      readonly replyTo: SessionRef | undefined;
      /** Address that the answers carry in `to`. */
      readonly replyAddress: string;
      readonly id: string | undefined;
    };

/**
 * To a connection node. `id` is there where the same thing may come twice, from an owner and from the one after it:
 * a session gets each id once. It is absent where a repetition does no harm, and on a bus that never repeats.
 */
export type NodeDelivery =
  | {
      readonly kind: "write";
      readonly session: number;
      /** Complete stanzas as XML. */
      readonly xml: string;
      readonly id?: string | undefined;
      /** W3C `traceparent`, where it is traced. */
      readonly trace?: string | undefined;
    }
  | {
      /** One stanza for several sessions, `before + to + after` (`to` is escaped already). */
      readonly kind: "fan-out";
      readonly before: string;
      readonly after: string;
      readonly to: readonly string[];
      /** `sessions[i]` gets the stanza with `to[i]`. */
      readonly sessions: readonly number[];
      readonly id?: string | undefined;
      /**
       * In the place of `id` where it is available presence: there is far more of it than of anything else, and a
       * repetition is a blemish and no harm, so that it is remembered apart.
       */
      readonly availableId?: string | undefined;
      readonly trace?: string | undefined;
    }
  | {
      /** Ends a stream with a stream error condition of RFC 6120, 4.9.3. */
      readonly kind: "close";
      readonly session: number;
      readonly condition: string;
      readonly text: string | undefined;
    };

/** What one turn of an owner's event loop has for one node, in order. */
export interface NodeDeliveries {
  readonly items: readonly NodeDelivery[];
}
