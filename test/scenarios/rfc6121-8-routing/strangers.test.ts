/**
 * What a stranger can find out about an account: nothing (RFC 6121, 8.1 and 11; RFC 6120, 10.2). Accounts that do not
 * exist, that are offline, that hide and that are online give the same answers, byte for byte.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newcomer, type Person, storyServer, type XmppClient } from "@rollcall/testkit";
import { quiet } from "../exact-stanzas.ts";

const server = await storyServer({ settings: { "offline.messages_per_account": 4 } });

/** Accounts of one name length each, so that not even lengths differ. */
async function accounts(): Promise<{ readonly names: string[]; readonly people: Person[] }> {
  const people = await Promise.all(
    ["asleep", "absent", "hidden", "onlyin", "humble", "online"].map((name) => newcomer(server, name)),
  );
  const [, absent, hidden, onlyin, humble, online] = people;
  // Was there, and left a last presence behind.
  const left = await absent?.online("balcony", "<status>asleep</status>");
  await left?.presence("<status>gone to bed</status>", "unavailable");
  await left?.close();
  // Has sent presence, and taken it back.
  const hiding = await hidden?.online("balcony");
  await hiding?.presence("", "unavailable");
  await onlyin?.connect("balcony");
  await humble?.online("balcony", "<priority>-1</priority>");
  await online?.online("balcony");
  await online?.online("chamber");
  const missing = `missing-${people[0]?.username.split("-")[1]}@${server.domain}`;
  return { names: [...people.map(({ jid }) => jid), missing], people };
}

const addresses = {
  "the bare JID": (account: string) => account,
  "a full JID that some of them have": (account: string) => `${account}/balcony`,
  "a full JID that none of them has": (account: string) => `${account}/nowhere`,
} as const;

/** Sends stanzas to one address, as a person of its own, and returns the bytes that came back, without the fences. */
/** @param answered waits for what comes in its own time, beside the answers to what is sent later. */
async function bytesFor(
  account: string,
  address: string,
  stanzas: readonly string[],
  answered: (orchard: XmppClient) => Promise<void>,
): Promise<string> {
  const romeo = await newcomer(server, "romeo");
  const orchard = await romeo.connect("orchard");
  await orchard.presence();
  await orchard.settled();
  const before = orchard.wire.received.length;
  for (const stanza of stanzas) orchard.send(stanza.replaceAll("ADDRESS", address));
  await answered(orchard);
  await orchard.request("get", "<ping xmlns='urn:xmpp:ping'/>", account);
  await quiet([orchard]);
  const received = orchard.wire.received.slice(before);
  romeo.leave();
  return received
    .replaceAll(account, "ACCOUNT")
    .replaceAll(romeo.jid, "STRANGER")
    .replaceAll(/<(iq|message)[^>]* id="(q|settled)[0-9]+"[^>]*>/g, "");
}

async function sameForAll(
  stanzas: readonly string[],
  answered: (orchard: XmppClient) => Promise<void> = async () => {},
): Promise<Map<string, string>> {
  const { names, people } = await accounts();
  const answers = new Map<string, string>();
  for (const [what, of] of Object.entries(addresses)) {
    for (const account of names) {
      const bytes = await bytesFor(account, of(account), stanzas, answered);
      const known = answers.get(what);
      if (known === undefined) answers.set(what, bytes);
      else assert.equal(bytes, known, `${account}, ${what}`);
    }
  }
  for (const person of people) person.leave();
  return answers;
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}

describe("a stranger learns nothing", () => {
  test("from messages of any type", async () => {
    const answers = await sameForAll(
      ["", " type='chat'", " type='headline'", " type='groupchat'", " type='error'", " type='other'"].map(
        (type) => `<message to='ADDRESS' id='m'${type}/>`,
      ),
    );
    assert.deepEqual(
      [...answers.values()].map((bytes) => count(bytes, "service-unavailable")),
      [2, 1, 1],
      "only groupchat to a bare JID has an answer, and the fence",
    );
  });

  test("from messages with a body, which are kept for those who are away", async () => {
    const answers = await sameForAll([
      "<message to='ADDRESS' id='m' type='chat'><body>hello</body></message>",
    ]);
    for (const bytes of answers.values()) assert.equal(count(bytes, "<message"), 0);
  });

  test("from iqs, known or not", async () => {
    const payloads = [
      "<ping xmlns='urn:xmpp:ping'/>",
      "<query xmlns='http://jabber.org/protocol/disco#info'/>",
      "<query xmlns='http://jabber.org/protocol/disco#info' node='x'/>",
      "<query xmlns='http://jabber.org/protocol/disco#items'/>",
      "<query xmlns='jabber:iq:version'/>",
      "<query xmlns='jabber:iq:last'/>",
      "<vCard xmlns='vcard-temp'/>",
      "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>",
      "<query xmlns='urn:example:unknown'/>",
    ];
    const stanzas = ["get", "set"].flatMap((type) =>
      payloads.map((payload, index) => `<iq to='ADDRESS' id='i${index}' type='${type}'>${payload}</iq>`),
    );
    stanzas.push("<iq to='ADDRESS' id='r' type='result'/>", "<iq to='ADDRESS' id='r' type='error'/>");
    const answers = await sameForAll(stanzas);
    for (const bytes of answers.values()) {
      assert.equal(count(bytes, "<service-unavailable"), 2 * payloads.length + 1, "and the fence");
      assert.equal(count(bytes, "<iq"), 2 * payloads.length, "one answer each");
    }
  });

  test("from presence", async () => {
    const answers = await sameForAll(
      ["", " type='unavailable'", " type='error'"].map((type) => `<presence to='ADDRESS' id='p'${type}/>`),
    );
    for (const bytes of answers.values()) assert.equal(count(bytes, "<presence"), 0);
  });

  test("from probes", async () => {
    const answers = await sameForAll(["<presence to='ADDRESS' id='p' type='probe'/>"]);
    for (const bytes of answers.values()) assert.equal(count(bytes, "<presence"), 0);
  });

  test("from subscription stanzas", async () => {
    const answers = await sameForAll(
      ["unsubscribe", "subscribed", "unsubscribed", "subscribe", "subscribe"].map(
        (type) => `<presence to='ADDRESS' id='s' type='${type}'/>`,
      ),
    );
    for (const bytes of answers.values()) assert.equal(count(bytes, "<presence"), 0);
  });

  test("from a probe after a request that was not answered: it withdraws the request, whoever it is for", async () => {
    await sameForAll(
      [
        "<iq id='get' type='get'><query xmlns='jabber:iq:roster'/></iq>",
        "<presence to='ADDRESS' id='s' type='subscribe'/>",
        "<presence to='ADDRESS' id='p' type='probe'/>",
      ],
      async (orchard) => {
        await orchard.receive("presence", { type: "unsubscribed" });
        await orchard.wire.take(
          (stanza) =>
            stanza.type === "set" && stanza.child("query")?.child("item")?.attributes.ask === undefined,
          "the push without a request",
        );
      },
    );
  });

  test("but for what the RFC demands: a roster that exists is forbidden, one that does not is not available", async () => {
    const { names, people } = await accounts();
    const romeo = await newcomer(server, "romeo");
    const orchard = await romeo.online("orchard");
    for (const account of names) {
      for (const type of ["get", "set"] as const) {
        const item = type === "get" ? "" : "<item jid='a@localhost'/>";
        const answer = await orchard.request(
          type,
          `<query xmlns='jabber:iq:roster'>${item}</query>`,
          account,
        );
        const condition = account.startsWith("missing") ? "service-unavailable" : "forbidden";
        assert.equal(answer.error()?.condition, condition, account);
      }
    }
    for (const person of [...people, romeo]) person.leave();
  });
});
