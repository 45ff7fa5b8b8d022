import type { BareJid, Stanza } from "@rollcall/xmpp";

/** Where a session's stream is: a handle that is unique within one incarnation of a connection node. */
export interface SessionRef {
  readonly node: string;
  readonly session: number;
}

/** A command as its origin numbered it; the owner drops what it has seen (design, section 3). */
export interface CommandId {
  /** Node or instance, with its incarnation. */
  readonly origin: string;
  /** Session handle, or 0 for the origin itself. */
  readonly session: number;
  /** Grows by one with every command of that session. */
  readonly sequence: number;
}

/** Claims a full JID for a session (RFC 6120, section 7). Asked of the presence owner of `account`. */
export interface BindResource {
  readonly account: BareJid;
  readonly session: SessionRef;
  /** What the client asked for, in canonical form; `undefined` leaves the choice to the server. */
  readonly requested: string | undefined;
  /** A random resource, used where none was asked for or where the requested one is taken. */
  readonly generated: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export type BindAnswer =
  | { readonly kind: "bound"; readonly resource: string }
  | { readonly kind: "refused"; readonly condition: "resource-constraint" | "conflict" | "not-allowed" };

/** What a session does that its account's presence owner has to know. Handled one at a time per account. */
export type SessionCommand =
  | {
      /** Presence without `to`: available (no type) or unavailable (RFC 6121, 4.2, 4.4, 4.5). `from` is the full JID. */
      readonly kind: "broadcast-presence";
      readonly session: SessionRef;
      readonly stanza: Stanza;
      readonly at: number;
    }
  | {
      /** Directed presence: available, unavailable (4.6), also probe and error. `to` is canonical. */
      readonly kind: "direct-presence";
      readonly session: SessionRef;
      readonly stanza: Stanza;
      readonly at: number;
    }
  | {
      /** The stream is gone, for whatever reason; unavailable follows if none was sent (4.5.2). */
      readonly kind: "end-session";
      readonly session: SessionRef;
      readonly at: number;
    };
