import { channels, type ReportedSession, type SessionRef } from "@rollcall/contracts";
import {
  type BareJid,
  type FullJid,
  makeStanza,
  type Stanza,
  type StanzaKind,
  type StanzaParts,
} from "@rollcall/xmpp";
import type { Stage } from "./stage.ts";

/** A client as its connection node sees it. */
export class Client {
  readonly account: BareJid;
  readonly jid: string;
  readonly session: SessionRef;
  /** What was written to the stream and not taken yet. */
  readonly inbox: string[] = [];
  readonly boundAt: number;
  /** The node is not there any more, or the stream. */
  hasEnded = false;
  readonly #stage: Stage;
  readonly #directed = new Set<string>();
  #presence: Stanza | undefined = undefined;
  #presenceAt = 0;
  #isInterested = false;

  constructor(stage: Stage, account: BareJid, jid: string, session: SessionRef, boundAt: number) {
    this.boundAt = boundAt;
    this.#stage = stage;
    this.account = account;
    this.jid = jid;
    this.session = session;
  }

  /** Everything received since the last time, in order. */
  take(): string[] {
    return this.inbox.splice(0);
  }

  presence(payload = "", parts: StanzaParts = {}): Promise<void> {
    const childCount = payload === "" ? 0 : 1;
    const stanza = makeStanza("presence", { from: this.jid, payload, childCount, ...parts });
    this.#presence = stanza.type === undefined ? stanza : undefined;
    this.#presenceAt = this.#stage.now;
    if (stanza.type === "unavailable") this.#directed.clear();
    return this.#command("broadcast-presence", stanza);
  }

  unavailable(payload = ""): Promise<void> {
    return this.presence(payload, { type: "unavailable" });
  }

  directed(to: string, type?: string, payload = ""): Promise<void> {
    if (type === undefined) this.#directed.add(to);
    else if (type === "unavailable") this.#directed.delete(to);
    return this.#command("direct-presence", makeStanza("presence", { from: this.jid, to, type, payload }));
  }

  /** What its node knows of it. */
  report(): ReportedSession {
    return {
      session: this.session.session,
      jid: this.jid as FullJid,
      boundAt: this.boundAt,
      interested: this.#isInterested,
      presence: this.#presence,
      presenceAt: this.#presenceAt,
      directed: [...this.#directed],
    };
  }

  end(): Promise<void> {
    this.hasEnded = true;
    return this.#stage.bus.publish(channels.presenceCommands, this.account, {
      kind: "end-session",
      session: this.session,
      at: this.#stage.now,
    });
  }

  /** As the roster owner answers a roster get. */
  async requestRoster(): Promise<void> {
    const stanza = makeStanza("iq", { type: "result", id: "r1", to: this.jid });
    await this.#stage.effects(this.account, 10, {
      kind: "answer-session",
      session: this.session,
      stanza,
      interestedFrom: "1",
    });
    this.#isInterested = true;
    await this.#stage.settled();
    this.take();
  }

  send(kind: StanzaKind, to: string, parts: StanzaParts = {}): Promise<void> {
    return this.#stage.deliver(makeStanza(kind, { from: this.jid, to, ...parts }));
  }

  chat(to: string, body: string, parts: StanzaParts = {}): Promise<void> {
    return this.send("message", to, {
      type: "chat",
      payload: `<body>${body}</body>`,
      childName: "body",
      childNamespace: "jabber:client",
      ...parts,
    });
  }

  iq(to: string, type: string, name: string, namespace: string): Promise<void> {
    return this.send("iq", to, {
      type,
      id: "i1",
      payload: `<${name} xmlns="${namespace}"/>`,
      childName: name,
      childNamespace: namespace,
    });
  }

  #command(kind: "broadcast-presence" | "direct-presence", stanza: Stanza): Promise<void> {
    return this.#stage.bus.publish(channels.presenceCommands, this.account, {
      kind,
      session: this.session,
      stanza,
      at: this.#stage.now,
    });
  }
}
