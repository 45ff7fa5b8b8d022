import assert from "node:assert/strict";
import { test } from "node:test";
import { befriend, eventually, newcomer } from "@rollcall/testkit";
import { serverProcess } from "./server-process.ts";
import { underAttack } from "./under-attack.ts";

const MOST_CONTACTS = 200;
const MOST_DIRECTED = 100;
const server = await serverProcess({
  "roster.max_items": MOST_CONTACTS,
  "roster.max_pending_requests": 20,
  "presence.directed_per_session": MOST_DIRECTED,
  "offline.messages_per_account": 50,
});

test("a roster grows up to its limit, however fast a client adds to it", async (t) => {
  const mallory = await newcomer(server, "mallory");
  await underAttack(t, server, { growthMb: 200 }, async () => {
    const session = await mallory.interested("r");
    const count = MOST_CONTACTS + 300;
    for (let index = 0; index < count; index++) {
      session.send(
        `<iq type='set' id='a${index}'><query xmlns='jabber:iq:roster'><item jid='c${index}@localhost' name='${"n".repeat(500)}'/></query></iq>`,
      );
    }
    const answers = new Map<string, number>();
    for (let index = 0; index < count; index++) {
      const answer = await session.receive("iq", { id: `a${index}` });
      const what = answer.type === "result" ? "result" : (answer.error()?.condition ?? "?");
      answers.set(what, (answers.get(what) ?? 0) + 1);
    }
    assert.equal(answers.get("result"), MOST_CONTACTS, JSON.stringify([...answers]));
    assert.equal((await mallory.contacts()).size, MOST_CONTACTS);
  });
  mallory.leave();
});

test("subscription requests to everybody and nobody stay within the roster of their sender", async (t) => {
  const mallory = await newcomer(server, "mallory");
  await underAttack(t, server, { growthMb: 200 }, async () => {
    const session = await mallory.online("r");
    for (let index = 0; index < 600; index++) {
      session.send(`<presence type='subscribe' to='nobody${index}@localhost' id='s${index}'/>`);
    }
    await session.settled();
    assert.ok((await mallory.contacts()).size <= MOST_CONTACTS);
  });
  mallory.leave();
});

test("requests of many for one are kept up to a limit, and what is beyond it is not shown later", async (t) => {
  const victim = await newcomer(server, "victim");
  const crowd = await Promise.all(Array.from({ length: 40 }, (_, index) => newcomer(server, `m${index}`)));
  await underAttack(t, server, { growthMb: 200 }, async () => {
    for (const one of crowd) {
      const session = await one.online("r");
      for (let repeat = 0; repeat < 20; repeat++) {
        session.send(
          `<presence type='subscribe' to='${victim.jid}'><status>${"please".repeat(500)}</status></presence>`,
        );
      }
      await session.settled();
      one.leave();
    }
    const balcony = await victim.interested("balcony");
    await balcony.presence();
    await balcony.settled();
    const requests = balcony.wire.takeAll().filter(({ type }) => type === "subscribe");
    assert.equal(requests.length, 20);
    assert.equal(new Set(requests.map(({ from }) => from)).size, 20);
  });
  victim.leave();
});

test("presence as fast as it goes reaches the contacts in order, and others are served", async (t) => {
  const star = await newcomer(server, "star");
  const fans = await Promise.all(Array.from({ length: 10 }, (_, index) => newcomer(server, `fan${index}`)));
  for (const fan of fans) await befriend(star, fan);
  await underAttack(t, server, { growthMb: 250 }, async () => {
    const listeners = await Promise.all(fans.map((fan) => fan.online("r")));
    const stage = await star.online("stage");
    const count = 5_000;
    for (let index = 0; index < count; index++) {
      stage.send(`<presence id='flood${index}'><status>${index}</status></presence>`);
    }
    for (const listener of listeners) {
      const last = await listener.receive("presence", { id: `flood${count - 1}`, from: stage.full });
      assert.equal(last.childText("status"), String(count - 1));
      const order = listener.wire
        .takeAll()
        .flatMap(({ id }) => (id?.startsWith("flood") ? [Number(id.slice("flood".length))] : []));
      assert.deepEqual(
        order,
        order.toSorted((one, other) => one - other),
      );
    }
  });
  for (const person of [star, ...fans]) person.leave();
});

test("directed presence to strangers is refused beyond the limit", async (t) => {
  const mallory = await newcomer(server, "mallory");
  await underAttack(t, server, { growthMb: 200 }, async () => {
    const session = await mallory.online("r");
    const count = 5_000;
    for (let index = 0; index < count; index++) {
      session.send(`<presence to='stranger${index}@localhost' id='d${index}'/>`);
    }
    await session.settled();
    const refused = session.wire.takeAll().filter(({ type }) => type === "error");
    assert.equal(refused.length, count - MOST_DIRECTED);
  });
  mallory.leave();
});

test("messages of many for somebody who is away are kept up to a limit, and cost others nothing", async (t) => {
  const victim = await newcomer(server, "victim");
  const crowd = await Promise.all(Array.from({ length: 10 }, (_, index) => newcomer(server, `m${index}`)));
  const body = "spam ".repeat(1_000);
  await underAttack(t, server, { growthMb: 250 }, async () => {
    const sessions = await Promise.all(crowd.map((one) => one.online("r")));
    await Promise.all(
      sessions.map(async (session) => {
        for (let index = 0; index < 500; index++) {
          session.send(
            `<message to='${victim.jid}' type='chat' id='m${index}'><body>${body}</body></message>`,
          );
        }
        // Presence waits for everything before it.
        await session.presence();
      }),
    );
    const balcony = await victim.interested("balcony");
    await balcony.presence();
    await balcony.settled();
    const kept = balcony.wire.takeAll().filter(({ name }) => name === "message");
    assert.equal(kept.length, 50);
  });
  for (const person of [victim, ...crowd]) person.leave();
});

test("people who come and go as fast as they can are seen to go by those who stay", async (t) => {
  const host = await newcomer(server, "host");
  const guests = await Promise.all(
    Array.from({ length: 20 }, (_, index) => newcomer(server, `guest${index}`)),
  );
  for (const guest of guests) await befriend(host, guest);
  await underAttack(t, server, { growthMb: 200 }, async () => {
    const door = await host.online("door");
    const visits = 20;
    await Promise.all(
      guests.map(async (guest) => {
        for (let visit = 1; visit <= visits; visit++) {
          const session = await guest.connect(`v${visit}`);
          session.send("<presence/>");
          await door.receive("presence", { from: session.full, type: undefined });
          if (visit % 2 === 0) session.cut();
          else session.send("</stream:stream>");
          await door.receive("presence", { from: session.full, type: "unavailable" });
        }
      }),
    );
    await door.settled();
    assert.deepEqual(door.wire.takeAll(), []);
  });
  for (const person of [host, ...guests]) person.leave();
});

test("50,000 hostile stanzas of every kind leave the server as it was", async (t) => {
  const mallory = await newcomer(server, "mallory");
  const victim = await newcomer(server, "victim");
  await underAttack(t, server, { growthMb: 250 }, async () => {
    const balcony = await victim.online("balcony");
    const session = await mallory.online("r");
    const stanzas = hostile(balcony.full, victim.jid);
    for (let round = 0; round < 50_000 / stanzas.length; round++) {
      session.send(stanzas.join(""));
      if (round % 20 === 0) {
        await session.settled();
        session.wire.takeAll();
      }
    }
    await session.settled();
    await balcony.settled();
    for (const stanza of balcony.wire.takeAll())
      assert.ok(stanza.from === session.full || stanza.from === mallory.jid);
  });
  assert.equal((await server.counters()).streamFaults, 0);
  mallory.leave();
  victim.leave();
});

/** Stanzas at the edges of what is allowed. */
function hostile(full: string, bare: string): readonly string[] {
  const ping = "<ping xmlns='urn:xmpp:ping'/>";
  return [
    `<message to='${full}' from='localhost' type='error'/>`,
    `<message to='${bare}' type='groupchat' id='${"i".repeat(500)}'/>`,
    `<message to='${bare}' type='__proto__'><body>constructor</body></message>`,
    `<message to='__proto__@localhost'/>`,
    `<message to='localhost/${"r".repeat(1_023)}'/>`,
    `<message to='a@${"b.".repeat(120)}c'/>`,
    `<message to='@/@'/>`,
    `<presence to='${bare}' type='probe'/>`,
    `<presence type='probe'/>`,
    `<presence type='subscribe'/>`,
    `<presence to='${bare}' type='toString'/>`,
    `<presence><priority>99999999999999999999</priority></presence>`,
    `<presence><priority/><priority>-1</priority></presence>`,
    `<presence to='${bare}' type='unsubscribed'/>`,
    `<presence to='localhost' type='subscribe'/>`,
    `<iq type='result' id='constructor'/>`,
    `<iq type='get' id='__proto__' to='${full}'>${ping}</iq>`,
    `<iq type='set' id='1'><query xmlns='jabber:iq:roster'/></iq>`,
    `<iq type='set' id='2'><query xmlns='jabber:iq:roster'><item jid='__proto__' subscription='remove'/></query></iq>`,
    `<iq type='set' id='3'><query xmlns='jabber:iq:roster'><item jid='@'/><item/></query></iq>`,
    `<iq type='get' id='4'><query xmlns='jabber:iq:roster' ver='${"9".repeat(400)}'/></iq>`,
    `<iq type='set' id='5' to='${bare}'><query xmlns='jabber:iq:roster'><item jid='x@y'/></query></iq>`,
    `<iq type='set' id='6'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`,
    `<iq type='get' id='7' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info' node='${"n".repeat(500)}'/></iq>`,
    `<iq type='constructor' id='8'>${ping}</iq>`,
  ];
}

test("nothing of it is left", async () => {
  await eventually("all connections are gone", async () => (await server.counters()).connections === 0);
});
