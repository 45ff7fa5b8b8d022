import type { BareJid, Stanza } from "@rollcall/xmpp";
import type { CommandId, SessionRef } from "./session.ts";

/** What a session of the account asks of its roster owner. One at a time per account, in order. */
export type RosterCommand =
  | {
      /** `jabber:iq:roster` get or set. `from` is the full JID; `to` absent, the account, or (refused) another's. */
      readonly kind: "roster-iq";
      readonly id: CommandId;
      readonly session: SessionRef;
      readonly stanza: Stanza;
      readonly at: number;
    }
  | {
      /** subscribe, subscribed, unsubscribe or unsubscribed of the account. `from` and `to` are bare already. */
      readonly kind: "outbound-subscription";
      readonly id: CommandId;
      readonly session: SessionRef;
      readonly stanza: Stanza;
      readonly at: number;
    };

/** A subscription stanza of a contact, for the roster of the account in `to`. `from` and `to` are bare. */
export interface InboundSubscription {
  readonly id: CommandId;
  readonly stanza: Stanza;
  readonly at: number;
}

export type SubscriptionValue = "none" | "to" | "from" | "both";

/** What presence and delivery need to know of one contact. */
export interface ContactView {
  readonly contact: BareJid;
  readonly subscription: SubscriptionValue;
  /** In the roster as a visible item. */
  readonly inRoster: boolean;
}

/** The roster as the presence owner sees it. */
export interface RosterView {
  /** Grows with every write of the roster object; an effect with a lower or equal one is already in the view. */
  readonly revision: number;
  readonly contacts: readonly ContactView[];
  /** Stored inbound requests, complete, oldest first (RFC 6121, 3.1.3 r4). */
  readonly pendingRequests: readonly Stanza[];
  /** The account exists. Without one the view is empty. */
  readonly exists: boolean;
}

/** One step that the presence owner of the account performs for its roster owner, in order. */
export type AccountEffect =
  | {
      /** Answers a roster iq on the session that asked. */
      readonly kind: "answer-session";
      readonly session: SessionRef;
      readonly stanza: Stanza;
      /**
       * From here on the session gets roster pushes (RFC 6121, 2.2): the answer shows the roster as of this version.
       * `undefined` where nothing changes.
       */
      readonly interestedFrom: string | undefined;
    }
  | {
      /** A roster push: to all interested sessions, or to one (2.1.6, 2.6.3). */
      readonly kind: "push-item";
      /** The `<item/>` as XML. */
      readonly item: string;
      readonly version: string;
      readonly only: SessionRef | undefined;
      /** Of a command that is performed again: no news for sessions whose roster was answered as of that version. */
      readonly again?: true | undefined;
    }
  | { readonly kind: "deliver-to-interested"; readonly stanza: Stanza }
  | { readonly kind: "deliver-to-available"; readonly stanza: Stanza }
  | {
      /** The view of one contact changed; applied before the steps after it. */
      readonly kind: "contact-changed";
      readonly view: ContactView;
      /** The stored request from that contact, where there is one now. */
      readonly pendingRequest: Stanza | undefined;
    }
  | { readonly kind: "send-presence-to-contact"; readonly contact: BareJid }
  | { readonly kind: "send-unavailable-to-contact"; readonly contact: BareJid }
  | { readonly kind: "account-removed" };

/** Effects of one roster write, for the presence owner of the same account. */
export interface AccountEffects {
  readonly kind: "account-effects";
  readonly id: CommandId;
  readonly revision: number;
  readonly effects: readonly AccountEffect[];
  readonly at: number;
}
