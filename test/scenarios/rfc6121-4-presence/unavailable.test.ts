/** RFC 6121, 4.5: unavailable presence, sent by the client or in its name. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { befriend, eventually, type Person, story, storyServer, type XmppClient } from "@rollcall/testkit";
import { quiet, takeConversation } from "../exact-stanzas.ts";

const server = await storyServer({ settings: { "presence.resources_per_account": 100 } });

interface Cast {
  /** Of Juliet, who goes. */
  readonly balcony: XmppClient;
  readonly cellar: XmppClient;
  readonly wing: XmppClient;
  /** Of those who see her, and of one who does not. */
  readonly orchard: XmppClient;
  readonly kitchen: XmppClient;
  readonly church: XmppClient;
}

type People = Readonly<Record<"juliet" | "romeo" | "nurse" | "paris", Person>>;

async function onStage({ juliet, romeo, nurse, paris }: People): Promise<Cast> {
  await befriend(juliet, romeo, "both");
  await befriend(juliet, nurse, "from");
  await befriend(juliet, paris, "to");
  const orchard = await romeo.online("orchard");
  const kitchen = await nurse.online("kitchen");
  const church = await paris.online("church");
  const wing = await juliet.interested("wing");
  const cellar = await juliet.online("cellar", "<priority>-7</priority>");
  const balcony = await juliet.online("balcony");
  await emptied({ balcony, cellar, wing, orchard, kitchen, church });
  return { balcony, cellar, wing, orchard, kitchen, church };
}

async function emptied(cast: Cast): Promise<void> {
  await quiet(Object.values(cast));
  for (const session of Object.values(cast)) session.wire.takeAll();
}

const names = ["juliet", "romeo", "nurse", "paris"] as const;

/** The session ends in some way; its contacts and the other resource are told so, once. */
function ending(end: (balcony: XmppClient) => Promise<void> | void): () => Promise<void> {
  return story(server, names, async (people) => {
    const { balcony, cellar, wing, orchard, kitchen, church } = await onStage(people);
    await end(balcony);
    const gone = (to: string) => `<presence from='${balcony.full}' to='${to}' type='unavailable'/>`;
    const seen = await orchard.receive("presence", { from: balcony.full });
    assert.deepEqual(seen.attributes, { from: balcony.full, to: orchard.bare, type: "unavailable" });
    assert.deepEqual(seen.children, []);
    await quiet([cellar, wing, orchard, kitchen, church]);
    assert.deepEqual(takeConversation(orchard), [], "once");
    assert.deepEqual(takeConversation(kitchen), [gone(kitchen.bare)]);
    assert.deepEqual(takeConversation(church), []);
    assert.deepEqual(takeConversation(cellar), [gone(cellar.full)]);
    assert.deepEqual(takeConversation(wing), []);
  });
}

describe("unavailable presence", () => {
  test(
    "sent by the client goes in full to those who see it, to the other resources and back to the sender",
    story(server, names, async (people) => {
      const cast = await onStage(people);
      const { balcony, cellar, wing, orchard, kitchen, church } = cast;
      const payload = "<status>good night</status><x xmlns='urn:example:x'/>";
      balcony.send(`<presence id='u1' type='unavailable'>${payload}</presence>`);
      await quiet(Object.values(cast));
      const sent = (to: string) =>
        `<presence from='${balcony.full}' id='u1' to='${to}' type='unavailable'>${payload}</presence>`;
      assert.deepEqual(takeConversation(balcony), [sent(balcony.full)]);
      assert.deepEqual(takeConversation(cellar), [sent(cellar.full)]);
      assert.deepEqual(takeConversation(orchard), [sent(orchard.bare)]);
      assert.deepEqual(takeConversation(kitchen), [sent(kitchen.bare)]);
      assert.deepEqual([takeConversation(wing), takeConversation(church)], [[], []]);

      balcony.send("<presence id='u2' type='unavailable'/>");
      await quiet(Object.values(cast));
      for (const session of Object.values(cast))
        assert.deepEqual(takeConversation(session), [], "gone is gone");
    }),
  );

  test(
    "is passed on with whatever the client put into it, show and priority too",
    story(server, names, async (people) => {
      const { balcony, orchard } = await onStage(people);
      const payload = "<show>away</show><priority>5</priority>";
      balcony.send(`<presence id='u1' type='unavailable'>${payload}</presence>`);
      await orchard.receive("presence", { id: "u1" }, (presence) => presence.childText("priority") === "5");
      const own = await balcony.receive("presence", { id: "u1" });
      assert.equal(own.childText("show"), "away");
    }),
  );

  test(
    "is followed by a new session with the next available presence: probes, requests and all",
    story(server, names, async (people) => {
      const cast = await onStage(people);
      const { balcony, cellar, orchard, church } = cast;
      await balcony.presence("", "unavailable");
      await emptied(cast);
      balcony.send("<presence id='again'/>");
      await quiet(Object.values(cast));
      const froms = balcony.wire.takeAll().map(({ from }) => from);
      assert.deepEqual(froms.toSorted(), [balcony.full, cellar.full, church.full, orchard.full].toSorted());
      assert.deepEqual(takeConversation(orchard), [
        `<presence from='${balcony.full}' id='again' to='${orchard.bare}'/>`,
      ]);
    }),
  );

  test(
    "of a resource that was only connected says nothing to anybody",
    story(server, names, async (people) => {
      const cast = await onStage(people);
      cast.wing.send("<presence type='unavailable'/>");
      await quiet(Object.values(cast));
      for (const session of Object.values(cast)) assert.deepEqual(takeConversation(session), []);
      await cast.wing.close();
      const rest = Object.values(cast).filter((session) => session !== cast.wing);
      await quiet(rest);
      for (const session of rest) assert.deepEqual(takeConversation(session), []);
    }),
  );

  test(
    "leaves the session connected: messages and iqs still reach its full JID",
    story(server, names, async (people) => {
      const cast = await onStage(people);
      const { balcony, orchard } = cast;
      await balcony.presence("", "unavailable");
      orchard.send(`<message to='${balcony.full}' id='m1'/>`);
      await balcony.receive("message", { id: "m1" });
      await balcony.roster();
      orchard.send(`<message to='${balcony.bare}' id='m2' type='headline'/>`);
      await quiet(Object.values(cast));
      assert.ok(!takeConversation(balcony).some((text) => text.includes("m2")));
    }),
  );
});

describe("in the name of a client, unavailable presence is sent once", () => {
  test(
    "when it closes its stream without a word",
    ending((balcony) => balcony.close()),
  );
  test(
    "when its connection breaks",
    ending((balcony) => balcony.cut()),
  );
  test(
    "when its stream ends with an error",
    ending(async (balcony) => {
      balcony.send("<presence></message>");
      await balcony.wire.gone();
      assert.ok(balcony.wire.inbox.some(({ name }) => name === "error"));
    }),
  );
  test(
    "when it is in the middle of a stanza",
    ending((balcony) => {
      balcony.send("<message to='somebody@localhost'><body>I was going to sa");
      balcony.cut();
    }),
  );

  test(
    "when its account is removed",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo);
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      await orchard.receive("presence", { from: balcony.full });
      await server.removeUser(juliet.jid);
      const error = await balcony.wire.take(({ name }) => name === "error", "a stream error");
      assert.equal(error.namespace, "http://etherx.jabber.org/streams");
      await orchard.receive("presence", { from: balcony.full, type: "unavailable" });
      await quiet([orchard]);
      const more = takeConversation(orchard).filter((text) => text.includes(balcony.full));
      assert.deepEqual(more, []);
    }),
  );

  test(
    "not again when it has said so itself",
    story(server, names, async (people) => {
      const cast = await onStage(people);
      const { balcony } = cast;
      await balcony.presence("<status>good night</status>", "unavailable");
      await emptied(cast);
      await balcony.close();
      const rest = Object.values(cast).filter((session) => session !== balcony);
      await quiet(rest);
      for (const session of rest) assert.deepEqual(takeConversation(session), []);
    }),
  );

  test(
    "for every one of its resources that go together",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo);
      const orchard = await romeo.online("orchard");
      const sessions = await Promise.all(Array.from({ length: 8 }, (_, index) => juliet.online(`r${index}`)));
      await quiet([orchard, ...sessions]);
      orchard.wire.takeAll();
      for (const session of sessions) session.cut();
      for (const session of sessions) await orchard.receive("presence", { from: session.full });
      await quiet([orchard]);
      assert.deepEqual(takeConversation(orchard), []);
    }),
  );
});

describe("available and unavailable presence of many resources", () => {
  test(
    "leave every contact with the truth, whatever happened in between",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(juliet, romeo);
      const orchard = await romeo.online("orchard");
      const alive: XmppClient[] = [];
      for (let round = 0; round < 48; round++) {
        const session = await juliet.connect(`r${round}`);
        session.send("<presence/>");
        switch (round % 4) {
          case 0:
            session.send("<presence><show>away</show></presence>");
            alive.push(session);
            break;
          case 1:
            session.cut();
            break;
          case 2:
            session.send("<presence type='unavailable'/><presence/>");
            alive.push(session);
            break;
          case 3:
            session.send("<presence><show>away</show></presence><presence type='unavailable'/>");
            break;
        }
        if (round % 12 === 11) for (const gone of alive.splice(0, 4)) gone.cut();
      }
      const seen = new Map<string, boolean>();
      const look = (): string[] => {
        for (const stanza of orchard.wire.takeAll()) {
          if (stanza.name === "presence") seen.set(stanza.from ?? "", stanza.type === undefined);
        }
        return [...seen]
          .filter(([, isThere]) => isThere)
          .map(([jid]) => jid)
          .toSorted();
      };
      const truth = alive.map(({ full }) => full).toSorted();
      await eventually("the contact sees who is there", () => isDeepStrictEqual(look(), truth));
      await quiet([orchard], alive);
      assert.deepEqual(look(), truth, "and goes on seeing it");
      orchard.send(`<presence to='${juliet.jid}' type='probe'/>`);
      await quiet([orchard]);
      const answers = orchard.wire.takeAll().filter(({ name }) => name === "presence");
      assert.deepEqual(answers.map(({ from }) => from).toSorted(), truth);
    }),
  );
});
