/**
 * One cell of RFC 6121, section 8.5, as a story: an account in some situation, a stanza of somebody else for it, and
 * what everybody gets. Who is not named gets nothing.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { newcomer, type RunningServer, story, uniqueId, type XmppClient } from "@rollcall/testkit";
import { quiet, takeConversation } from "../exact-stanzas.ts";

/** Resources by name: their priority, or that they are connected and nothing more. In the order of their coming. */
const resourcesOf = {
  /** There is no such account. */
  missing: {},
  offline: {},
  connected: { wing: "connected" },
  negative: { wing: "connected", cellar: -1, vault: -128 },
  one: { wing: "connected", cellar: -1, balcony: 0 },
  /** The chamber is the most available: of the two with the highest priority it came last. */
  several: { wing: "connected", cellar: -1, balcony: 5, chamber: 5, garden: 0 },
} as const satisfies Record<string, Record<string, number | "connected">>;

export type Situation = keyof typeof resourcesOf;

/** What the addressed account has to do with the sender. */
export type Relation =
  | "stranger"
  /** In the account's roster, with no subscription. */
  | "in the roster"
  /** May see the account's presence. */
  | "subscriber"
  /** Got directed presence from the resource that is asked about, or from one of them all. */
  | "told by directed presence";

export interface Cell {
  readonly situation: Situation;
  /** The bare JID, or a full JID with this resource. */
  readonly to: "bare" | { readonly resource: string };
  readonly sender?: Relation;
  readonly stanza: Specimen;
  /** Resources that get the stanza as it was sent. Nobody by default. */
  readonly reaches?: readonly string[];
  /** Stanza error that the sender gets. None by default. */
  readonly answer?: { readonly condition: string; readonly type: string };
  /** Whether it comes, with a delay, to a resource that takes messages later. Default false. */
  readonly kept?: boolean;
}

export const serviceUnavailable = { condition: "service-unavailable", type: "cancel" } as const;

/** A stanza without addresses. */
export interface Specimen {
  readonly kind: "message" | "presence" | "iq";
  readonly type: string | undefined;
  readonly payload: string;
}

function specimen(kind: Specimen["kind"], type: string | undefined, payload: string): Specimen {
  return { kind, type, payload };
}

export const specimens = {
  normal: specimen("message", undefined, "<body>a normal one</body>"),
  namedNormal: specimen("message", "normal", "<body>a normal one</body>"),
  unknown: specimen("message", "telegram", "<body>a normal one</body>"),
  chat: specimen("message", "chat", "<body>hello</body><thread>t1</thread>"),
  groupchat: specimen("message", "groupchat", "<body>hello, all</body>"),
  headline: specimen("message", "headline", "<subject>news</subject>"),
  messageError: specimen("message", "error", errorElement(serviceUnavailable)),
  available: specimen("presence", undefined, "<show>away</show><x xmlns='urn:example:x'/>"),
  unavailable: specimen("presence", "unavailable", "<status>gone</status>"),
  presenceError: specimen("presence", "error", errorElement(serviceUnavailable)),
  get: specimen("iq", "get", "<query xmlns='urn:example:unknown'/>"),
  set: specimen("iq", "set", "<query xmlns='urn:example:unknown'/>"),
  result: specimen("iq", "result", "<query xmlns='urn:example:unknown'/>"),
  iqError: specimen("iq", "error", errorElement(serviceUnavailable)),
} as const;

function errorElement({ condition, type }: { condition: string; type: string }): string {
  return `<error type='${type}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>`;
}

/** In the form of `conversation`. */
export function write({ kind, type, payload }: Specimen, to: string, from?: string, id = "cell"): string {
  const start =
    `${kind}${from === undefined ? "" : ` from='${from}'`} id='${id}' to='${to}'` +
    (type === undefined ? "" : ` type='${type}'`);
  return payload === "" ? `<${start}/>` : `<${start}>${payload}</${kind}>`;
}

export interface Scene {
  readonly sender: XmppClient;
  /** The addressed account. */
  readonly account: string;
  /** Its resources by name. */
  readonly resources: Readonly<Record<string, XmppClient>>;
  /** One more resource of the account. */
  readonly connect: (resource: string) => Promise<XmppClient>;
}

/** Sets the scene, lets it play and takes everybody off again. */
export function scene(
  server: RunningServer,
  situation: Situation,
  relation: Relation,
  play: (scene: Scene) => Promise<void>,
): () => Promise<void> {
  return story(server, ["romeo"], async ({ romeo }) => {
    const sender = await romeo.connect("orchard");
    await sender.presence();
    if (situation === "missing") {
      const account = `${uniqueId("nobody-")}@${server.domain}`;
      const connect = () => Promise.reject(new Error("there is no such account"));
      await sender.settled();
      sender.wire.takeAll();
      await play({ sender, account, resources: {}, connect });
      return;
    }
    const juliet = await newcomer(server, "juliet");
    try {
      if (relation === "in the roster" || relation === "subscriber") {
        const subscription = relation === "subscriber" ? "from" : "none";
        await server.importRoster(juliet.jid, { [romeo.jid]: { subscription } });
      }
      const resources: Record<string, XmppClient> = {};
      for (const [name, priority] of Object.entries(resourcesOf[situation])) {
        const session = await juliet.interested(name);
        if (priority !== "connected") await session.presence(`<priority>${priority}</priority>`);
        resources[name] = session;
        if (relation === "told by directed presence") session.send(`<presence to='${romeo.jid}'/>`);
      }
      const sessions = Object.values(resources);
      await quiet(sessions, [sender]);
      for (const session of [sender, ...sessions]) session.wire.takeAll();
      await play({ sender, account: juliet.jid, resources, connect: (name) => juliet.connect(name) });
    } finally {
      juliet.leave();
    }
  });
}

/** Resolves when what the sender sent to the account has been dealt with and has come to whom it had to come. */
export async function fence({ sender, account, resources }: Scene): Promise<void> {
  // Answered for every account, missing ones too, and not before what was sent earlier.
  await sender.request("get", "<ping xmlns='urn:xmpp:ping'/>", account);
  for (const session of Object.values(resources)) {
    const id = uniqueId("fence");
    sender.send(`<message to='${session.full}' type='headline' id='${id}'/>`);
    await session.receive("message", { id });
  }
  await sender.settled();
}

/** What comes to a resource that takes messages from now on: those that were kept. */
export async function keptMessages({ connect }: Pick<Scene, "connect">): Promise<string[]> {
  const session = await connect("later");
  await session.presence("<priority>1</priority>");
  await session.settled();
  return takeConversation(session).filter((stanza) => stanza.startsWith("<message"));
}

/** Declares the test of a cell. */
export function cell(server: RunningServer, title: string, ...cells: readonly Cell[]): void {
  test(title, async () => {
    for (const one of cells) await play(server, one);
  });
}

async function play(server: RunningServer, one: Cell): Promise<void> {
  const { situation, to, sender: relation = "stranger", stanza, reaches = [], answer, kept = false } = one;
  await scene(server, situation, relation, async (set) => {
    const { sender, account, resources } = set;
    const address = to === "bare" ? account : `${account}/${to.resource}`;
    sender.send(write(stanza, address));
    await fence(set);

    const delivered = write(stanza, address, sender.full);
    const what = `${stanza.type ?? "no type"} ${stanza.kind} to ${to === "bare" ? "bare" : to.resource}, ${situation}, ${relation}`;
    for (const [name, session] of Object.entries(resources)) {
      assert.deepEqual(
        takeConversation(session),
        reaches.includes(name) ? [delivered] : [],
        `${name}: ${what}`,
      );
    }
    const refusal = answer && write({ ...stanza, type: "error", payload: errorElement(answer) }, sender.full);
    assert.deepEqual(
      takeConversation(sender),
      refusal === undefined ? [] : [refusal.replace(" id=", ` from='${address}' id=`)],
      `sender: ${what}`,
    );
    if (situation === "missing" || stanza.kind !== "message") return;
    const delay = `<delay from='${server.domain}' stamp='*' xmlns='urn:xmpp:delay'/>`;
    const later = write({ ...stanza, payload: stanza.payload + delay }, address, sender.full);
    assert.deepEqual(await keptMessages(set), kept ? [later] : [], `later: ${what}`);
  })();
}
