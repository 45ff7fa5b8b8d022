import type { BareJid, FullJid, Stanza } from "@rollcall/xmpp";

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

/**
 * What a node has of the partitions, page by page: `after` is the last session handle of the page before, 0 for the first.
 * The asker is the owner of the partitions under these epochs, whatever the node has heard of them so far.
 */
export interface SessionReportQuestion {
  readonly owner: string;
  readonly partitions: readonly { readonly partition: number; readonly epoch: number }[];
  readonly after: number;
}

/** A bound session as its node knows it: what owners have acknowledged, and nothing that is still on its way to them. */
export interface ReportedSession {
  readonly session: number;
  readonly jid: FullJid;
  /** Milliseconds since the epoch: of two sessions with one full JID the later one counts. */
  readonly boundAt: number;
  /** Has fetched the roster (RFC 6121, 2.2). */
  readonly interested: boolean;
  /** The last available presence without `to`; `undefined` when it is not available. */
  readonly presence: Stanza | undefined;
  readonly presenceAt: number;
  /**
   * Has sent initial presence that no owner has acknowledged yet. One may have handled it all the same, and told the
   * session of others: who is told when they change, and go, is it as well.
   */
  readonly becomesAvailable?: boolean | undefined;
  /** Who got directed presence and no unavailable since (RFC 6121, 4.6.3). */
  readonly directed: readonly string[];
}

export interface SessionReport {
  readonly sessions: readonly ReportedSession[];
  /** There are more after the last one here. */
  readonly more: boolean;
}

export interface KnownSessionsQuestion {
  readonly node: string;
  /** Handles. */
  readonly sessions: readonly number[];
}

export interface KnownSessionsAnswer {
  /** Those of the handles that the owner does not know. */
  readonly unknown: readonly number[];
}
