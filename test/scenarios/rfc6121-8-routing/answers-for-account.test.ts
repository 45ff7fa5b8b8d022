/**
 * What the server answers in its own name and in the name of an account: service discovery (XEP-0030), ping (XEP-0199),
 * software version (XEP-0092) and last activity (XEP-0012).
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, story, storyServer, type XmlNode, type XmppClient } from "@rollcall/testkit";
import { xmlOf } from "../exact-stanzas.ts";

const server = await storyServer();

const INFO = "http://jabber.org/protocol/disco#info";
const ITEMS = "http://jabber.org/protocol/disco#items";
const PING = "<ping xmlns='urn:xmpp:ping'/>";
const VERSION = "<query xmlns='jabber:iq:version'/>";
const LAST = "<query xmlns='jabber:iq:last'/>";
const unavailable = { condition: "service-unavailable", type: "cancel" };

function disco(namespace: string, node?: string): string {
  return `<query xmlns='${namespace}'${node === undefined ? "" : ` node='${node}'`}/>`;
}

function checkResult(answer: XmlNode, from: string, to: XmppClient): void {
  assert.deepEqual(
    answer.attributes,
    { from, id: answer.id, to: to.full, type: "result" },
    answer.toString(),
  );
}

function features(answer: XmlNode): string[] {
  const query = answer.child("query", INFO);
  return (query?.elements() ?? [])
    .filter(({ name }) => name === "feature")
    .map((feature) => feature.attributes.var ?? "");
}

describe("the server", () => {
  test(
    "says what it is and what it can, and does that",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.connect("orchard");
      const answer = await orchard.request("get", disco(INFO), "localhost");
      checkResult(answer, "localhost", orchard);
      const identity = answer.child("query", INFO)?.child("identity");
      assert.deepEqual(identity?.attributes, { category: "server", type: "im", name: "Rollcall" });
      const known = features(answer);
      assert.deepEqual(
        known.toSorted(),
        [
          INFO,
          ITEMS,
          "jabber:iq:last",
          "jabber:iq:roster",
          "jabber:iq:version",
          "urn:xmpp:features:pre-approval",
          "urn:xmpp:ping",
        ].toSorted(),
      );
      for (const payload of [disco(ITEMS), PING, VERSION, LAST]) {
        checkResult(await orchard.request("get", payload, "localhost"), "localhost", orchard);
      }
      checkResult(await orchard.request("get", disco(INFO), "localhost/any"), "localhost/any", orchard);
    }),
  );

  test(
    "knows no nodes",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.connect("orchard");
      for (const namespace of [INFO, ITEMS]) {
        const answer = await orchard.request("get", disco(namespace, "x"), "localhost");
        assert.deepEqual(answer.error(), { condition: "item-not-found", type: "cancel" });
      }
    }),
  );

  test(
    "has no items",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.connect("orchard");
      const answer = await orchard.request("get", disco(ITEMS), "localhost");
      checkResult(answer, "localhost", orchard);
      assert.equal(answer.child("query", ITEMS)?.children.length, 0);
    }),
  );

  test(
    "answers a ping with an empty result, also before any presence",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.connect("orchard");
      const answer = await orchard.request("get", PING, "localhost");
      checkResult(answer, "localhost", orchard);
      assert.deepEqual(answer.children, []);
      const set = await orchard.request("set", PING, "localhost");
      assert.deepEqual(set.error(), unavailable, "a ping is a get");
    }),
  );

  test(
    "tells its name and version",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.connect("orchard");
      const answer = await orchard.request("get", VERSION, "localhost");
      checkResult(answer, "localhost", orchard);
      const query = answer.child("query", "jabber:iq:version");
      assert.equal(query?.childText("name"), "Rollcall");
      assert.match(query?.childText("version") ?? "", /^\d/);
    }),
  );

  test(
    "tells how long it is up",
    story(server, ["romeo"], async ({ romeo }) => {
      const orchard = await romeo.connect("orchard");
      const answer = await orchard.request("get", LAST, "localhost");
      checkResult(answer, "localhost", orchard);
      assert.match(answer.child("query", "jabber:iq:last")?.attributes.seconds ?? "", /^\d+$/);
    }),
  );
});

/** Somebody who asks, and what of an account it gets to know. */
async function asked(session: XmppClient, account: string): Promise<Record<string, string>> {
  const payloads = { info: disco(INFO), items: disco(ITEMS), ping: PING, last: LAST, version: VERSION };
  const answers: Record<string, string> = {};
  for (const [name, payload] of Object.entries(payloads)) {
    const answer = await session.request("get", payload, account);
    assert.equal(answer.from, account);
    assert.equal(answer.to, session.full);
    answers[name] =
      answer.error()?.condition ??
      answer
        .elements()
        .map((child) => xmlOf(child))
        .join("");
  }
  return answers;
}

const accountInfo = [
  `<query xmlns='${INFO}'><identity category='account' type='registered'/>`,
  `<feature var='${INFO}'/><feature var='${ITEMS}'/><feature var='urn:xmpp:ping'/><feature var='jabber:iq:last'/></query>`,
].join("");

function items(...sessions: readonly XmppClient[]): string {
  const list = sessions.map(({ full }) => `<item jid='${full}'/>`).join("");
  return list === "" ? `<query xmlns='${ITEMS}'/>` : `<query xmlns='${ITEMS}'>${list}</query>`;
}

function last(seconds: number, status = ""): string {
  const start = `<query seconds='${seconds}' xmlns='jabber:iq:last'`;
  return status === "" ? `${start}/>` : `${start}>${status}</query>`;
}

describe("for an account, the server", () => {
  test(
    "answers its own sessions, with to and without",
    story(server, ["juliet"], async ({ juliet }) => {
      const chamber = await juliet.connect("chamber");
      const balcony = await juliet.online("balcony", "<priority>-1</priority>");
      const wanted = {
        info: accountInfo,
        items: items(balcony),
        ping: "",
        last: last(0),
        version: "service-unavailable",
      };
      assert.deepEqual(await asked(chamber, juliet.jid), wanted);
      assert.deepEqual(await asked(balcony, juliet.jid), wanted);
      const ping = await chamber.request("get", PING);
      checkResult(ping, juliet.jid, chamber);
      const info = await chamber.request("get", disco(INFO));
      checkResult(info, juliet.jid, chamber);
      const node = await chamber.request("get", disco(ITEMS, "x"));
      assert.deepEqual(node.error(), { condition: "item-not-found", type: "cancel" });
    }),
  );

  test(
    "answers those who see its presence: its resources are no secret to them",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await befriend(romeo, juliet, "to");
      const orchard = await romeo.online("orchard");
      await juliet.connect("wing");
      const balcony = await juliet.online("balcony");
      const chamber = await juliet.online("chamber");
      assert.deepEqual(await asked(orchard, juliet.jid), {
        info: accountInfo,
        items: items(balcony, chamber),
        ping: "",
        last: last(0),
        version: "service-unavailable",
      });
      assert.deepEqual(
        (await balcony.request("get", PING, romeo.jid)).error(),
        unavailable,
        "the other way round there is no subscription",
      );
    }),
  );

  test(
    "tells those who see its presence since when it is away, and its last words",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await befriend(romeo, juliet, "to");
      const orchard = await romeo.online("orchard");
      const none = await asked(orchard, juliet.jid);
      assert.equal(none.last, "service-unavailable", "nothing is known");
      const balcony = await juliet.online("balcony");
      await balcony.presence("<status>to bed</status>", "unavailable");
      const answers = await asked(orchard, juliet.jid);
      assert.match(answers.last ?? "", /^<query seconds='\d' xmlns='jabber:iq:last'>to bed<\/query>$/);
      assert.equal(answers.items, items());
    }),
  );

  test(
    "answers one who got directed presence, but tells nothing of its resources",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const orchard = await romeo.online("orchard");
      await juliet.online("chamber");
      const balcony = await juliet.online("balcony");
      balcony.send(`<presence to='${orchard.full}'/>`);
      await orchard.receive("presence", { from: balcony.full });
      assert.deepEqual(await asked(orchard, juliet.jid), {
        info: accountInfo,
        items: items(),
        ping: "",
        last: "forbidden",
        version: "service-unavailable",
      });
    }),
  );

  test(
    "answers a contact without subscription that last activity is forbidden, as it knows of the account",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await server.importRoster(juliet.jid, { [romeo.jid]: { subscription: "to" } });
      const orchard = await romeo.online("orchard");
      await juliet.online("balcony");
      assert.deepEqual(await asked(orchard, juliet.jid), {
        info: "service-unavailable",
        items: "service-unavailable",
        ping: "service-unavailable",
        last: "forbidden",
        version: "service-unavailable",
      });
    }),
  );

  test(
    "refuses everything to strangers",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const orchard = await romeo.online("orchard");
      await juliet.online("balcony");
      for (const condition of Object.values(await asked(orchard, juliet.jid))) {
        assert.equal(condition, "service-unavailable");
      }
    }),
  );
});
