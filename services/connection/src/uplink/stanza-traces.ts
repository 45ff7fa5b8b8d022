import { partitionOf } from "@rollcall/contracts";
import type { Span, SpanAttributes, Tracer } from "@rollcall/telemetry";
import { NS, type Stanza } from "@rollcall/xmpp";
import type { LocalSession } from "../sessions/local-session.ts";

/** A stanza of a client, from when it was read. */
export interface Arrival {
  /** On the clock of `performance.now()`. */
  readonly startedAt: number;
  /** `undefined` for nearly all of them. */
  readonly span: Span | undefined;
}

/** Namespaces that are shown; a client may send any. */
const shown: ReadonlySet<string> = new Set([
  NS.roster,
  "urn:xmpp:ping",
  "http://jabber.org/protocol/disco#info",
  "http://jabber.org/protocol/disco#items",
  "jabber:iq:version",
  "jabber:iq:last",
]);

/** Types that RFC 6120 and RFC 6121 know; a client may send any. */
const types: ReadonlySet<string> = new Set([
  ...["get", "set", "result", "error"],
  ...["chat", "groupchat", "headline", "normal"],
  ...["unavailable", "probe", "subscribe", "subscribed", "unsubscribe", "unsubscribed"],
]);

/** Where the traces of stanzas begin. */
export class StanzaTraces {
  readonly #tracer: Tracer;

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** The stanza as the client sent it. */
  begin(session: LocalSession, stanza: Stanza): Arrival {
    const startedAt = performance.now();
    if (!this.#tracer.samples(session.account, session.jid, stanza.to)) return { startedAt, span: undefined };
    const span = this.#tracer.begin(nameOf(stanza), {
      kind: "server",
      attributes: describe(session, stanza),
      startedAt,
    });
    return { startedAt, span };
  }

  /** It is done with. @param error the stanza error that the client got. @returns how many milliseconds it took. */
  end(
    session: LocalSession,
    stanza: Stanza,
    { startedAt, span }: Arrival,
    error: string | undefined,
  ): number {
    const tookMs = performance.now() - startedAt;
    if (span !== undefined) {
      if (error !== undefined) span.fail(error);
      span.end();
      return tookMs;
    }
    if (error === undefined && tookMs < this.#tracer.slowMs) return tookMs;
    this.#tracer.keep(nameOf(stanza), {
      kind: "server",
      attributes: describe(session, stanza),
      startedAt,
      error,
    });
    return tookMs;
  }
}

function nameOf({ kind }: Stanza): string {
  return `receive ${kind}`;
}

function describe({ account, jid, ref }: LocalSession, stanza: Stanza): SpanAttributes {
  const { kind, type, to, childNamespace } = stanza;
  const child = childNamespace === undefined || shown.has(childNamespace) ? childNamespace : "other";
  return {
    "xmpp.account": account,
    "xmpp.session": jid,
    "xmpp.node": ref.node,
    "xmpp.partition": partitionOf(account),
    "xmpp.stanza.kind": kind,
    "xmpp.stanza.type": type === undefined || types.has(type) ? type : "other",
    "xmpp.stanza.child": kind === "iq" ? child : undefined,
    "xmpp.to": to,
  };
}
