import type { SessionRef } from "@rollcall/contracts";
import type { Transport } from "@rollcall/telemetry";
import type { BareJid, FullJid } from "@rollcall/xmpp";
import type { Acknowledged } from "./acknowledged.ts";

/** What a session can do to its stream. */
export interface SessionStream {
  /** Appends complete stanzas to the pending output; they leave in one write at the end of the turn. */
  write(xml: string): void;
  /** Ends the stream with a stream error (RFC 6120, 4.9). */
  closeWith(condition: string, text: string | undefined): void;
}

/** A bound resource, from the bind request to the end of its stream. */
export class LocalSession {
  readonly ref: SessionRef;
  readonly account: BareJid;
  /** The domain that the stream was opened for. */
  readonly domain: string;
  /** Language of the stream: of stanzas that name none (RFC 6120, 4.7.4). */
  readonly lang: string | undefined;
  readonly stream: SessionStream;
  /** The full JID; empty until the presence owner has bound the resource. */
  jid = "" as FullJid;
  /** What its stream runs over. */
  transport: Transport = "tcp";
  /** Number of the last command for an owner. */
  sequence = 0;
  /** What owners know of it; `undefined` before it is bound, and where owners do not change. */
  acknowledged: Acknowledged | undefined = undefined;

  constructor(
    ref: SessionRef,
    account: BareJid,
    domain: string,
    lang: string | undefined,
    stream: SessionStream,
  ) {
    this.ref = ref;
    this.account = account;
    this.domain = domain;
    this.lang = lang;
    this.stream = stream;
  }
}
