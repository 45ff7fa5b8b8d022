/** RFC 6120, 10.1: what a session sends to one entity arrives in the order it was sent, whatever its kind. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { befriend, type Person, story, storyServer, type XmlNode, type XmppClient } from "@rollcall/testkit";
import { quiet } from "../exact-stanzas.ts";

const server = await storyServer();
const LENGTH = 300;

/** A small generator of numbers, so that a failure can be repeated. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** Every kind of stanza that gets to the account, or to one resource of it, each with a number as its id. */
function mixedSequence(name: string, account: string, resource: string, seed: number): string[] {
  const next = numbers(seed);
  const full = `${account}/${resource}`;
  let isAsking = false;
  return Array.from({ length: LENGTH }, (_, index) => {
    const id = `${name}-${index}`;
    const kinds = [
      () => `<message to='${full}' id='${id}' type='chat'><body>${index}</body></message>`,
      () => `<message to='${account}' id='${id}' type='chat'><body>${index}</body></message>`,
      () =>
        `<message to='${account}' id='${id}'><body>${"x".repeat(Math.floor(next() * 3_000))}</body></message>`,
      () => `<message to='${account}' id='${id}' type='headline'/>`,
      () => `<iq to='${full}' id='${id}' type='get'><query xmlns='urn:example:${index}'/></iq>`,
      () => `<iq to='${full}' id='${id}' type='result'/>`,
      () => `<presence id='${id}'><status>${index}</status></presence>`,
      () => `<presence to='${account}' id='${id}'><show>away</show></presence>`,
      () => `<presence to='${full}' id='${id}' type='unavailable'/>`,
      () => {
        // Each is new to the contact, so that each is delivered.
        isAsking = !isAsking;
        return `<presence to='${account}' id='${id}' type='${isAsking ? "subscribe" : "unsubscribe"}'/>`;
      },
    ];
    return (kinds[Math.floor(next() * kinds.length)] as () => string)();
  });
}

/** Two people whose every stanza gets to the third one. */
async function senders(
  people: readonly Person[],
  juliet: Person,
  balcony: XmppClient,
): Promise<XmppClient[]> {
  const sessions: XmppClient[] = [];
  for (const person of people) {
    // Juliet sees their presence; they see hers because she sends it to them.
    await befriend(juliet, person, "to");
    balcony.send(`<presence to='${person.jid}'/>`);
    sessions.push(await person.online("orchard"));
  }
  await balcony.settled();
  return sessions;
}

function idsFrom(stanzas: readonly XmlNode[], sender: XmppClient): string[] {
  return stanzas
    .filter(({ from, id }) => (from === sender.full || from === sender.bare) && /^\w+-\d+$/.test(id ?? ""))
    .map(({ id }) => id ?? "");
}

describe("what two senders send to one session", () => {
  test(
    "arrives in the order of each: messages, iqs, presence and subscription stanzas, sent in one go",
    story(server, ["juliet", "romeo", "tybalt"], async ({ juliet, romeo, tybalt }) => {
      const balcony = await juliet.online("balcony");
      const [orchard, street] = (await senders([romeo, tybalt], juliet, balcony)) as [XmppClient, XmppClient];
      await balcony.settled();
      balcony.wire.takeAll();
      const fromRomeo = mixedSequence("romeo", juliet.jid, "balcony", 11);
      const fromTybalt = mixedSequence("tybalt", juliet.jid, "balcony", 29);
      orchard.send(fromRomeo.join(""));
      street.send(fromTybalt.join(""));
      for (const session of [orchard, street]) {
        session.send(`<message to='${balcony.full}' id='last' type='headline'/>`);
        await balcony.receive("message", { from: session.full, id: "last" });
      }
      const received = balcony.wire.takeAll();
      const ids = (name: string) => Array.from({ length: LENGTH }, (_, index) => `${name}-${index}`);
      assert.deepEqual(idsFrom(received, orchard), ids("romeo"));
      assert.deepEqual(idsFrom(received, street), ids("tybalt"));
    }),
  );

  test(
    "arrives in the order of each, sent stanza by stanza over an account that is asked for its roster meanwhile",
    story(server, ["juliet", "romeo", "tybalt"], async ({ juliet, romeo, tybalt }) => {
      const balcony = await juliet.online("balcony");
      const sessions = await senders([romeo, tybalt], juliet, balcony);
      await balcony.settled();
      balcony.wire.takeAll();
      const sequences = sessions.map((session, place) =>
        mixedSequence(`s${place}`, juliet.jid, "balcony", 101 + place).map((xml) => [session, xml] as const),
      );
      for (let index = 0; index < LENGTH; index++) {
        for (const sequence of sequences) {
          const [session, xml] = sequence[index] as readonly [XmppClient, string];
          session.send(xml);
        }
        if (index % 20 === 0)
          await balcony.request(
            "set",
            `<query xmlns='jabber:iq:roster'><item jid='x${index}@localhost'/></query>`,
          );
      }
      for (const session of sessions) {
        session.send(`<message to='${balcony.full}' id='last' type='headline'/>`);
        await balcony.receive("message", { from: session.full, id: "last" });
      }
      const received = balcony.wire.takeAll();
      sessions.forEach((session, place) => {
        assert.deepEqual(
          idsFrom(received, session),
          Array.from({ length: LENGTH }, (_, index) => `s${place}-${index}`),
        );
      });
    }),
  );
});

describe("what the server answers in the name of an account", () => {
  test(
    "does not overtake: a request right behind the end of a subscription is not undone by the answer to that end",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      await befriend(romeo, juliet, "to");
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      for (let round = 1; round <= 5; round++) {
        orchard.send(`<presence to='${juliet.jid}' type='unsubscribe'/>`);
        orchard.send(`<presence to='${juliet.jid}' type='subscribe' id='ask-${round}'/>`);
        await balcony.receive("presence", { id: `ask-${round}` });
        await quiet([orchard, balcony]);
        assert.equal((await romeo.contacts()).get(juliet.jid)?.attributes.ask, "subscribe");
        balcony.send(`<presence to='${romeo.jid}' type='subscribed'/>`);
        await orchard.receive("presence", { type: "subscribed" });
        await quiet([orchard, balcony]);
        assert.equal((await romeo.contacts()).get(juliet.jid)?.attributes.subscription, "to");
        assert.equal((await juliet.contacts()).get(romeo.jid)?.attributes.subscription, "from");
      }
    }),
  );
});

describe("what a session sends to an account that nobody is online for", () => {
  test(
    "is kept in the order sent, and comes before what is sent later",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      const message = (index: number) =>
        `<message to='${juliet.jid}' id='m-${index}' type='chat'><body>${index}</body></message>`;
      orchard.send(Array.from({ length: 40 }, (_, index) => message(index)).join(""));
      const balcony = await juliet.connect("balcony");
      balcony.send("<presence/>");
      for (let index = 40; index < 80; index++) orchard.send(message(index));
      await balcony.receive("message", { id: "m-79" });
      await balcony.settled();
      const ids = balcony.wire
        .takeAll()
        .filter(({ name }) => name === "message")
        .map(({ id }) => id);
      assert.deepEqual(
        ids,
        Array.from({ length: 79 }, (_, index) => `m-${index}`),
      );
    }),
  );

  test(
    "finds its answers in the order of the requests",
    story(server, ["juliet", "romeo"], async ({ juliet, romeo }) => {
      const orchard = await romeo.online("orchard");
      orchard.send(
        Array.from(
          { length: 100 },
          (_, index) =>
            `<iq to='${juliet.jid}${index % 3 ? "/none" : ""}' id='i-${index}' type='get'><ping xmlns='urn:xmpp:ping'/></iq>`,
        ).join(""),
      );
      await orchard.receive("iq", { id: "i-99" });
      const ids = orchard.wire.takeAll().map(({ id }) => id);
      assert.deepEqual(
        ids,
        Array.from({ length: 99 }, (_, index) => `i-${index}`),
      );
    }),
  );
});
