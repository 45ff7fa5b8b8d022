/** RFC 6121, 8.5.2 and 8.5.3: subscription stanzas and probes, whatever resources the account has. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { story, storyServer, type XmppClient } from "@rollcall/testkit";
import { conversation, quiet, takeConversation } from "../exact-stanzas.ts";
import { fence, type Scene, type Situation, scene } from "./cell.ts";

const server = await storyServer();

interface SubscriptionCell {
  readonly situation: Exclude<Situation, "missing">;
  readonly resource?: string;
  /** Whose subscription the rosters have before, seen from the account: it watches the sender, or is watched. */
  readonly before?: "to" | "from";
  readonly ask?: boolean;
  readonly type: "subscribe" | "subscribed" | "unsubscribe" | "unsubscribed";
  readonly after: string;
}

/** A subscription stanza is handled as section 3 says: it changes the roster and goes where those go. */
async function changes(one: SubscriptionCell): Promise<void> {
  const { situation, resource, before, ask = false, type, after } = one;
  await scene(server, situation, "stranger", async (set) => {
    const { sender, account, resources } = set;
    const sessions = Object.values(resources);
    const asked = `<presence from='${account}' to='${sender.bare}' type='subscribe'/>`;
    await server.importRoster(account, {
      [sender.bare]: { subscription: before ?? "none", ...(ask ? { ask: "subscribe" as const } : {}) },
    });
    await server.importRoster(sender.bare, {
      [account]: {
        subscription: before === undefined ? "none" : before === "to" ? "from" : "to",
        pending_requests: ask ? { subscribe: { stanza: asked, at: 1 } } : {},
      },
    });
    await sender.roster();
    await quiet([sender, ...sessions]);
    for (const session of sessions) session.wire.takeAll();

    const address = resource === undefined ? account : `${account}/${resource}`;
    sender.send(`<presence to='${address}' type='${type}' id='s1'><status>please</status></presence>`);
    await quiet([sender, ...sessions]);
    const stanza = `<presence from='${sender.bare}' id='s1' to='${account}' type='${type}'><status>please</status></presence>`;
    for (const [name, session] of Object.entries(resources)) {
      const got = conversation(session.wire.takeAll().filter(({ id }) => id === "s1"));
      // Requests go to available resources, the others to interested ones: here that is everybody.
      const isTold = type !== "subscribe" || name !== "wing";
      assert.deepEqual(got, isTold ? [stanza] : [], `${name}: ${type}, ${situation}`);
    }
    const answer = await server.admin("GET", `/rosters/${encodeURIComponent(account)}`);
    const { contacts } = (await answer.json()) as {
      contacts: Record<string, { subscription: string; pending_requests: { subscribe?: unknown } }>;
    };
    const record = contacts[sender.bare];
    const state = `${record?.subscription}${record?.pending_requests.subscribe ? "+pending" : ""}`;
    assert.equal(state, after, `${type}, ${situation}`);
  })();
}

/** Each type once, from a state in which it has an effect. */
async function allChange(situation: Exclude<Situation, "missing">, resource?: string): Promise<void> {
  const common = { situation, ...(resource === undefined ? {} : { resource }) };
  await changes({ ...common, type: "subscribe", after: "none+pending" });
  await changes({ ...common, type: "subscribed", ask: true, after: "to" });
  await changes({ ...common, type: "unsubscribe", before: "from", after: "none" });
  await changes({ ...common, type: "unsubscribed", before: "to", after: "none" });
}

describe("a subscription stanza", () => {
  test("for the bare JID changes the roster where all resources are negative", () => allChange("negative"));
  test("for the bare JID changes the roster where one resource is non-negative", () => allChange("one"));
  test("for the bare JID changes the roster where several resources are non-negative", () =>
    allChange("several"));
  test("for the bare JID changes the roster where nobody is available", async () => {
    await allChange("offline");
    await allChange("connected");
  });
  test("for a full JID that a resource has is handled as for the bare JID", () =>
    allChange("several", "balcony"));
  test("of type subscribe for a full JID that no resource has is handled as for the bare JID", () =>
    changes({ situation: "one", resource: "nowhere", type: "subscribe", after: "none+pending" }));
  test("of another type never has a full JID when it gets to the contact: the sender's server makes it bare", async () => {
    const common = { situation: "one", resource: "nowhere" } as const;
    await changes({ ...common, type: "subscribed", ask: true, after: "to" });
    await changes({ ...common, type: "unsubscribe", before: "from", after: "none" });
    await changes({ ...common, type: "unsubscribed", before: "to", after: "none" });
  });
});

/** What a probe of a subscriber brings. */
async function probed(situation: Situation, resource: string | undefined): Promise<string[]> {
  let answers: string[] = [];
  await scene(server, situation, "subscriber", async (set: Scene) => {
    const { sender, account, resources } = set;
    sender.send(
      `<presence to='${account}${resource === undefined ? "" : `/${resource}`}' type='probe' id='p1'/>`,
    );
    await fence(set);
    for (const session of Object.values(resources)) assert.deepEqual(takeConversation(session), []);
    answers = takeConversation(sender).map((answer) =>
      answer
        .replaceAll(account, "ACCOUNT")
        .replaceAll(sender.full, "SENDER")
        .replace(/ id='[pt]\d+'/, ""),
    );
  })();
  return answers;
}

const delay = `<delay from='localhost' stamp='*' xmlns='urn:xmpp:delay'/>`;

function presenceOf(resource: string, priority: number): string {
  const element = priority === 0 ? "" : `<priority>${priority}</priority>`;
  return `<presence from='ACCOUNT/${resource}' to='SENDER'>${element}${delay}</presence>`;
}

describe("a probe of a subscriber", () => {
  test("for the bare JID is answered by the server while all resources are negative", async () => {
    assert.deepEqual(await probed("negative", undefined), [
      presenceOf("cellar", -1),
      presenceOf("vault", -128),
    ]);
  });
  test("for the bare JID is answered by the server where one resource is non-negative", async () => {
    const [cellar, balcony, ...rest] = await probed("one", undefined);
    assert.equal(cellar, presenceOf("cellar", -1));
    assert.match(balcony ?? "", /^<presence from='ACCOUNT\/balcony' to='SENDER'>/);
    assert.deepEqual(rest, []);
  });
  test("for the bare JID is answered by the server where several resources are non-negative", async () => {
    const answers = await probed("several", undefined);
    assert.deepEqual(
      answers.map((answer) => /ACCOUNT\/(\w+)/.exec(answer)?.[1]),
      ["cellar", "balcony", "chamber", "garden"],
    );
  });
  test("for the bare JID is answered by the server where nobody is available", async () => {
    const gone = `<presence from='ACCOUNT' to='SENDER' type='unavailable'/>`;
    assert.deepEqual(await probed("offline", undefined), [gone]);
    assert.deepEqual(await probed("connected", undefined), [gone]);
  });
  test("for a full JID that a resource has is answered with the availability of that resource", async () => {
    assert.deepEqual(await probed("several", "balcony"), [`<presence from='ACCOUNT/balcony' to='SENDER'/>`]);
    assert.deepEqual(await probed("several", "wing"), [
      `<presence from='ACCOUNT/wing' to='SENDER' type='unavailable'/>`,
    ]);
  });
  test("for a full JID that no resource has is answered with unavailable", async () => {
    assert.deepEqual(await probed("several", "nowhere"), [
      `<presence from='ACCOUNT/nowhere' to='SENDER' type='unavailable'/>`,
    ]);
  });
});

/** What a probe of somebody who may not see the account does to the subscription that the prober believes to have. */
async function refused(address: (account: string) => string): Promise<void> {
  await story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
    await juliet.online("balcony");
    await server.importRoster(romeo.jid, { [juliet.jid]: { subscription: "to" } });
    const orchard: XmppClient = await romeo.online("orchard");
    orchard.send(`<presence to='${address(juliet.jid)}' type='probe' id='p1'/>`);
    await quiet([orchard]);
    const [answer, push, ...rest] = takeConversation(orchard);
    assert.equal(answer, `<presence from='${juliet.jid}' id='p1' to='${romeo.jid}' type='unsubscribed'/>`);
    assert.match(push ?? "", /<item jid='[^']*' subscription='none'\/>/);
    assert.deepEqual(rest, []);
  })();
}

describe("a probe of somebody without a subscription", () => {
  test("for the bare JID is answered with unsubscribed, from the bare JID, with the id of the probe", () =>
    refused((account) => account));
  test("for a full JID is answered with unsubscribed, whether a resource has it or not", async () => {
    await refused((account) => `${account}/balcony`);
    await refused((account) => `${account}/nowhere`);
  });
});
