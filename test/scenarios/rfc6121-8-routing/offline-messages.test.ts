/** Messages for accounts that take none now (RFC 6121, section 8; XEP-0160 with the stamps of XEP-0203). */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  newcomer,
  Person,
  type RunningServer,
  startServer,
  story,
  storyServer,
  type XmppClient,
} from "@rollcall/testkit";
import { conversation, takeConversation } from "../exact-stanzas.ts";

const server = await storyServer();
const fewAndSmall = await storyServer({
  settings: { "offline.messages_per_account": 3, "offline.bytes_per_account": 2_000 },
});
const nothingKept = await storyServer({ settings: { "offline.messages_per_account": 0 } });

function chat(to: string, id: string, payload = `<body>${id}</body>`, type = "chat"): string {
  return `<message to='${to}' id='${id}' type='${type}'>${payload}</message>`;
}

/** The sender's stanzas for the account have been dealt with. */
async function dealtWith(sender: XmppClient, account: string): Promise<void> {
  await sender.request("get", "<ping xmlns='urn:xmpp:ping'/>", account);
}

/** A session becomes able to take messages; what it is given of them. */
async function messagesAt(session: XmppClient, priority = 0): Promise<string[]> {
  await session.presence(`<priority>${priority}</priority>`);
  await session.settled();
  return takeConversation(session).filter((stanza) => stanza.startsWith("<message"));
}

function kept(from: string, to: string, id: string, payload = `<body>${id}</body>`, type = "chat"): string {
  return `<message from='${from}' id='${id}' to='${to}' type='${type}'>${payload}<delay from='localhost' stamp='*' xmlns='urn:xmpp:delay'/></message>`;
}

function ids(stanzas: readonly string[]): string[] {
  return stanzas.map((stanza) => / id='([^']*)'/.exec(stanza)?.[1] ?? "");
}

describe("a message for an account that takes none", () => {
  test(
    "comes in full when the account next takes messages, with the time it was sent, and once",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const orchard = await romeo.online("orchard");
      const payload =
        "<subject>wherefore</subject><body xml:lang='it'>ciao</body><thread>t</thread><x a='1' xmlns='urn:example:x'>&lt;</x>";
      const before = Date.now();
      orchard.send(chat(juliet.jid, "one", payload));
      orchard.send(chat(juliet.jid, "two", "<body>2</body>", "normal"));
      orchard.send(chat(`${juliet.jid}/gone`, "three"));
      await dealtWith(orchard, juliet.jid);
      const after = Date.now();
      const balcony = await juliet.connect("balcony");
      await balcony.presence();
      await balcony.settled();
      const received = balcony.wire.takeAll().filter(({ name }) => name === "message");
      assert.deepEqual(conversation(received), [
        kept(orchard.full, juliet.jid, "one", payload),
        kept(orchard.full, juliet.jid, "two", "<body>2</body>", "normal"),
        kept(orchard.full, `${juliet.jid}/gone`, "three"),
      ]);
      for (const message of received) {
        const stamp = message.child("delay", "urn:xmpp:delay")?.attributes.stamp ?? "";
        assert.match(stamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        assert.ok(Date.parse(stamp) >= before && Date.parse(stamp) <= after, stamp);
      }
      await balcony.presence("", "unavailable");
      assert.deepEqual(await messagesAt(balcony), [], "they are not kept any longer");
      assert.deepEqual(takeConversation(orchard), []);
    }),
  );

  test(
    "goes to the first resource that takes messages, not to those with negative priority",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const orchard = await romeo.online("orchard");
      const cellar = await juliet.online("cellar", "<priority>-1</priority>");
      orchard.send(chat(juliet.jid, "one"));
      await dealtWith(orchard, juliet.jid);
      const wing = await juliet.connect("wing");
      assert.deepEqual(await messagesAt(wing, -5), []);
      const balcony = await juliet.connect("balcony");
      assert.deepEqual(await messagesAt(balcony), [kept(orchard.full, juliet.jid, "one")]);
      assert.deepEqual(await messagesAt(cellar, 3), []);
    }),
  );

  test(
    "comes to a resource whose priority is not negative any more",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony", "<priority>1</priority>");
      assert.deepEqual(await messagesAt(balcony, -1), []);
      orchard.send(chat(juliet.jid, "one"));
      orchard.send(chat(juliet.jid, "two", "<body>2</body>", "normal"));
      await dealtWith(orchard, juliet.jid);
      await balcony.settled();
      assert.deepEqual(takeConversation(balcony), []);
      assert.deepEqual(ids(await messagesAt(balcony, 0)), ["one", "two"]);
    }),
  );

  test(
    "is dropped where it says nothing that lasts, or asks not to be kept",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const orchard = await romeo.online("orchard");
      const states = "http://jabber.org/protocol/chatstates";
      const notKept = {
        nothing: "",
        typing: `<composing xmlns='${states}'/>`,
        thread: `<thread>t</thread><paused xmlns='${states}'/>`,
        noStore: "<body>secret</body><no-store xmlns='urn:xmpp:hints'/>",
        noPermanentStore: "<body>secret</body><no-permanent-store xmlns='urn:xmpp:hints'/>",
      };
      const kept = {
        body: "<body>hello</body>",
        typingWithBody: `<body>hello</body><active xmlns='${states}'/>`,
        receipt: "<received xmlns='urn:xmpp:receipts' id='x'/>",
        store: "<store xmlns='urn:xmpp:hints'/>",
      };
      for (const [id, payload] of Object.entries({ ...notKept, ...kept })) {
        orchard.send(chat(juliet.jid, id, payload));
      }
      await dealtWith(orchard, juliet.jid);
      assert.deepEqual(takeConversation(orchard), []);
      assert.deepEqual(ids(await messagesAt(await juliet.connect("balcony"))), Object.keys(kept));
    }),
  );

  test("is still there after the server was stopped and started again", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "rollcall-test-"));
    let running: RunningServer | undefined;
    try {
      running = await startServer({ dataDir });
      const juliet = await newcomer(running, "juliet");
      const romeo = await newcomer(running, "romeo");
      const orchard = await romeo.online("orchard");
      orchard.send(chat(juliet.jid, "one"));
      await dealtWith(orchard, juliet.jid);
      romeo.leave();
      await running.stop();
      running = undefined;
      running = await startServer({ dataDir });
      const again = new Person(running, juliet.username, juliet.password, juliet.domain);
      const balcony = await again.connect("balcony");
      assert.deepEqual(await messagesAt(balcony), [kept(orchard.full, juliet.jid, "one")]);
      again.leave();
    } finally {
      await running?.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  });

  test(
    "vanishes with the account that it was for",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const orchard = await romeo.online("orchard");
      orchard.send(chat(juliet.jid, "one"));
      await dealtWith(orchard, juliet.jid);
      await server.removeUser(juliet.jid);
      await server.addUser(juliet.jid, juliet.password);
      assert.deepEqual(await messagesAt(await juliet.connect("balcony")), []);
    }),
  );
});

describe("when an account has as many messages as are kept for one", () => {
  test(
    "the next one comes back to its sender, and those that are kept stay",
    story(fewAndSmall, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const orchard = await romeo.online("orchard");
      for (const id of ["one", "two", "three", "four"]) orchard.send(chat(juliet.jid, id));
      await dealtWith(orchard, juliet.jid);
      assert.deepEqual(takeConversation(orchard), [
        `<message from='${juliet.jid}' id='four' to='${orchard.full}' type='error'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`,
      ]);
      const balcony = await juliet.connect("balcony");
      assert.deepEqual(ids(await messagesAt(balcony)), ["one", "two", "three"]);
      await balcony.close();
      orchard.send(chat(juliet.jid, "five"));
      await dealtWith(orchard, juliet.jid);
      assert.deepEqual(takeConversation(orchard), [], "there is room again");
    }),
  );

  test(
    "their size counts as well as their number",
    story(fewAndSmall, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const orchard = await romeo.online("orchard");
      orchard.send(chat(juliet.jid, "small"));
      orchard.send(chat(juliet.jid, "large", `<body>${"x".repeat(1_900)}</body>`));
      orchard.send(chat(juliet.jid, "small-too"));
      await dealtWith(orchard, juliet.jid);
      assert.deepEqual(ids(takeConversation(orchard)), ["large"]);
      assert.deepEqual(ids(await messagesAt(await juliet.connect("balcony"))), ["small", "small-too"]);
    }),
  );

  test(
    "other accounts are not concerned",
    story(fewAndSmall, ["romeo", "juliet", "nurse"], async ({ romeo, juliet, nurse }) => {
      const orchard = await romeo.online("orchard");
      for (const id of ["one", "two", "three", "four"]) orchard.send(chat(juliet.jid, id));
      orchard.send(chat(nurse.jid, "five"));
      await dealtWith(orchard, juliet.jid);
      await dealtWith(orchard, nurse.jid);
      assert.deepEqual(ids(takeConversation(orchard)), ["four"]);
      assert.deepEqual(ids(await messagesAt(await nurse.connect("kitchen"))), ["five"]);
    }),
  );
});

describe("where nothing is kept", () => {
  test(
    "a message comes back to its sender, whether the account is away or does not exist",
    story(nothingKept, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const orchard = await romeo.online("orchard");
      const missing = juliet.jid.replace("juliet", "missin");
      const answers: string[][] = [];
      for (const account of [juliet.jid, missing]) {
        for (const to of [account, `${account}/gone`]) orchard.send(chat(to, "one"));
        orchard.send(chat(account, "two", "<body>2</body>", "normal"));
        orchard.send(chat(account, "typing", "<composing xmlns='http://jabber.org/protocol/chatstates'/>"));
        await dealtWith(orchard, account);
        answers.push(takeConversation(orchard).map((text) => text.replaceAll(account, "ACCOUNT")));
      }
      assert.equal(answers[0]?.length, 3);
      for (const answer of answers[0] ?? []) assert.match(answer, /service-unavailable/);
      assert.deepEqual(answers[0], answers[1]);
    }),
  );
});
