import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { makeStanza } from "@rollcall/xmpp";
import { Stage } from "../testing/stage.ts";

const juliet = "juliet@example.com";
const romeo = "romeo@example.net";
const missing = "nobody@example.com";
const ping = "urn:xmpp:ping";

function message(body: string, to: string, type = ' type="chat"'): string {
  return `<message from="${romeo}/orchard" to="${to}"${type}><body>${body}</body></message>`;
}

describe("a chat message to the bare JID", () => {
  it("reaches exactly one resource, the one with the highest priority, with its `to` unchanged", async () => {
    const stage = await Stage.open();
    const low = await stage.online(`${juliet}/low`, "<priority>1</priority>");
    const high = await stage.online(`${juliet}/high`, "<priority>5</priority>");
    const orchard = await stage.connect(`${romeo}/orchard`);
    low.take();
    await orchard.chat(juliet, "hi");
    await stage.settled();
    assert.deepEqual(high.take(), [message("hi", juliet)]);
    assert.deepEqual(low.take(), []);
  });

  it("reaches the resource with the latest presence where priorities are equal", async () => {
    const stage = await Stage.open();
    const first = await stage.online(`${juliet}/first`);
    stage.advance(1_000);
    const second = await stage.online(`${juliet}/second`);
    const orchard = await stage.connect(`${romeo}/orchard`);
    first.take();
    await orchard.chat(juliet, "one");
    stage.advance(1_000);
    await first.presence("<show>chat</show>");
    await orchard.chat(juliet, "two");
    await stage.settled();
    assert.equal(second.take()[0], message("one", juliet));
    assert.equal(first.take().at(-1), message("two", juliet));
    // In the same millisecond, or after the clock was put back.
    stage.advance(-5_000);
    await second.presence("<show>chat</show>");
    await first.presence("<show>away</show>");
    await second.presence("<show>away</show>");
    second.take();
    await orchard.chat(juliet, "three");
    await stage.settled();
    assert.equal(second.take().at(-1), message("three", juliet));
  });

  it("reaches a live resource after its session turned out to be gone", async () => {
    const stage = await Stage.open();
    const high = await stage.online(`${juliet}/high`, "<priority>5</priority>");
    const low = await stage.online(`${juliet}/low`);
    await stage.deliver(
      makeStanza("message", {
        type: "chat",
        to: juliet,
        from: `${romeo}/orchard`,
        payload: "<body>again</body>",
        childName: "body",
      }),
      high.session,
    );
    await stage.settled();
    assert.deepEqual(low.take(), [message("again", juliet)]);
  });
});

describe("other messages to the bare JID", () => {
  it("of type normal and headline reach every resource that takes messages", async () => {
    const stage = await Stage.open();
    const one = await stage.online(`${juliet}/one`);
    const two = await stage.online(`${juliet}/two`, "<priority>7</priority>");
    const negative = await stage.online(`${juliet}/negative`, "<priority>-1</priority>");
    await stage.connect(`${juliet}/connected`);
    const orchard = await stage.connect(`${romeo}/orchard`);
    for (const client of [one, two, negative]) client.take();
    await orchard.chat(juliet, "normal", { type: undefined });
    await orchard.chat(juliet, "news", { type: "headline" });
    await stage.settled();
    const expected = [message("normal", juliet, ""), message("news", juliet, ' type="headline"')];
    assert.deepEqual(one.take(), expected);
    assert.deepEqual(two.take(), expected);
    assert.deepEqual(negative.take(), []);
  });

  it("of type groupchat come back, of type error vanish", async () => {
    const stage = await Stage.open();
    const balcony = await stage.online(`${juliet}/balcony`);
    const orchard = await stage.connect(`${romeo}/orchard`);
    await orchard.chat(juliet, "room", { type: "groupchat", id: "m1" });
    await orchard.chat(juliet, "error", { type: "error", id: "m2" });
    await stage.settled();
    assert.deepEqual(balcony.take(), []);
    const [bounced, ...rest] = orchard.take();
    assert.match(
      bounced ?? "",
      /^<message from="juliet@example.com" to="romeo@example.net\/orchard" type="error" id="m1"/,
    );
    assert.match(bounced ?? "", /service-unavailable/);
    assert.deepEqual(rest, []);
  });
});

describe("a message that came back from a session that is gone", () => {
  const back = (type: string | undefined, payload = "<body>hi</body>") =>
    makeStanza("message", {
      type,
      from: `${romeo}/orchard`,
      to: juliet,
      payload,
      childName: "body",
      childCount: 1,
    });

  it("is not given a second time to resources that have it", async () => {
    const stage = await Stage.open();
    const gone = await stage.online(`${juliet}/gone`);
    const balcony = await stage.online(`${juliet}/balcony`);
    await stage.deliver(back("headline"), gone.session);
    await stage.deliver(back(undefined), gone.session);
    await stage.settled();
    assert.deepEqual(balcony.take(), []);
  });

  it("is kept if nobody else takes messages", async () => {
    const stage = await Stage.open();
    const gone = await stage.online(`${juliet}/gone`);
    await stage.deliver(back(undefined), gone.session);
    await stage.deliver(back("chat"), gone.session);
    await gone.end();
    const balcony = await stage.connect(`${juliet}/balcony`);
    await balcony.presence();
    await stage.settled();
    assert.equal(balcony.take().filter((xml) => xml.startsWith("<message")).length, 2);
  });

  it("is given to another resource if it had been kept offline for the first", async () => {
    const stage = await Stage.open();
    const gone = await stage.online(`${juliet}/gone`);
    const balcony = await stage.online(`${juliet}/balcony`);
    const kept = `<body>hi</body><delay xmlns="urn:xmpp:delay" stamp="2023-11-14T22:13:20.000Z"/>`;
    await stage.deliver(back(undefined, kept), gone.session);
    await stage.settled();
    assert.equal(balcony.take().length, 1);
  });
});

describe("a message to a full JID", () => {
  it("reaches that resource, whatever its priority and also when it is only connected", async () => {
    const stage = await Stage.open();
    const balcony = await stage.online(`${juliet}/balcony`, "<priority>-5</priority>");
    const pantry = await stage.connect(`${juliet}/pantry`);
    const orchard = await stage.connect(`${romeo}/orchard`);
    await orchard.chat(balcony.jid, "hi");
    await orchard.chat(pantry.jid, "ho", { type: "groupchat" });
    await stage.settled();
    assert.deepEqual(balcony.take(), [message("hi", balcony.jid)]);
    assert.deepEqual(pantry.take(), [message("ho", pantry.jid, ' type="groupchat"')]);
  });

  it("that nobody has goes to the most available resource if it is chat", async () => {
    const stage = await Stage.open();
    const balcony = await stage.online(`${juliet}/balcony`);
    const orchard = await stage.connect(`${romeo}/orchard`);
    await orchard.chat(`${juliet}/gone`, "hi");
    await stage.settled();
    assert.deepEqual(balcony.take(), [message("hi", `${juliet}/gone`)]);
  });

  it("that nobody has bounces to those who are known, and vanishes for strangers", async () => {
    const stage = await Stage.open({ accounts: [juliet] });
    stage.roster(juliet, romeo, "none");
    const orchard = await stage.connect(`${romeo}/orchard`);
    const county = await stage.connect("paris@example.net/county");
    for (const sender of [orchard, county]) {
      await sender.chat(`${juliet}/gone`, "hi", { type: "groupchat", id: "m1" });
      await sender.chat(`${missing}/gone`, "hi", { type: "groupchat", id: "m2" });
    }
    await stage.settled();
    assert.deepEqual(county.take(), []);
    const bounced = orchard.take();
    assert.equal(bounced.length, 1);
    assert.match(bounced[0] ?? "", /id="m1"/);
  });
});

describe("an iq to a full JID", () => {
  const request = (stage: Stage, sender: Awaited<ReturnType<Stage["connect"]>>, to: string) =>
    sender.iq(to, "get", "ping", ping).then(() => stage.settled());

  it("is delivered to those who see the presence: subscribers, own resources, targets of directed presence", async () => {
    const stage = await Stage.open();
    stage.roster(juliet, romeo, "from");
    const balcony = await stage.online(`${juliet}/balcony`);
    const pantry = await stage.connect(`${juliet}/pantry`);
    const orchard = await stage.connect(`${romeo}/orchard`);
    const county = await stage.connect("paris@example.net/county");
    await request(stage, orchard, balcony.jid);
    await request(stage, pantry, balcony.jid);
    await balcony.directed("paris@example.net");
    await request(stage, county, balcony.jid);
    assert.equal(balcony.take().filter((xml) => xml.startsWith("<iq")).length, 3);
  });

  it("is refused for everybody else, as for a resource that is not there", async () => {
    const stage = await Stage.open({ accounts: [juliet] });
    stage.roster(juliet, romeo, "to");
    const balcony = await stage.online(`${juliet}/balcony`);
    const orchard = await stage.connect(`${romeo}/orchard`);
    await balcony.directed("paris@example.net");
    for (const to of [balcony.jid, `${juliet}/gone`, `${missing}/gone`]) await request(stage, orchard, to);
    assert.deepEqual(balcony.take(), []);
    const answers = orchard.take();
    assert.equal(answers.length, 3);
    for (const answer of answers)
      assert.match(answer, /type="error" id="i1"><error type="cancel"><service-unavailable/);
  });

  it("is delivered to a resource that is only connected, after its roster was asked", async () => {
    const stage = await Stage.open();
    stage.roster(juliet, romeo, "from");
    const balcony = await stage.connect(`${juliet}/balcony`);
    const orchard = await stage.connect(`${romeo}/orchard`);
    await request(stage, orchard, balcony.jid);
    assert.equal(balcony.take().length, 1);
    assert.deepEqual(stage.questions, [`contact ${juliet} ${romeo}`]);
  });

  it("is delivered if it is a result or an error, and dropped if nobody is there", async () => {
    const stage = await Stage.open();
    const balcony = await stage.connect(`${juliet}/balcony`);
    const orchard = await stage.connect(`${romeo}/orchard`);
    await orchard.send("iq", balcony.jid, { type: "result", id: "a" });
    await orchard.send("iq", balcony.jid, { type: "error", id: "b" });
    await orchard.send("iq", `${juliet}/gone`, { type: "result", id: "c" });
    await orchard.send("iq", juliet, { type: "result", id: "d" });
    await stage.settled();
    assert.equal(balcony.take().length, 2);
    assert.deepEqual(orchard.take(), []);
  });
});

describe("an iq to the bare JID", () => {
  const disco = "http://jabber.org/protocol/disco";

  it("is answered for the account to those who see its presence", async () => {
    const stage = await Stage.open();
    stage.roster(juliet, romeo, "both");
    await stage.online(`${juliet}/balcony`);
    await stage.connect(`${juliet}/pantry`);
    const orchard = await stage.connect(`${romeo}/orchard`);
    await orchard.iq(juliet, "get", "ping", ping);
    await orchard.iq(juliet, "get", "query", `${disco}#info`);
    await orchard.iq(juliet, "get", "query", `${disco}#items`);
    await orchard.iq(juliet, "get", "query", "jabber:iq:last");
    await orchard.iq(juliet, "get", "query", "urn:unknown");
    await stage.settled();
    const [pong, info, items, last, unknown] = orchard.take();
    assert.equal(pong, `<iq from="${juliet}" to="${romeo}/orchard" type="result" id="i1"/>`);
    assert.match(info ?? "", /<identity category="account" type="registered"\/>/);
    assert.match(items ?? "", /<item jid="juliet@example.com\/balcony"\/><\/query>/);
    assert.match(last ?? "", /seconds="0"/);
    assert.match(unknown ?? "", /service-unavailable/);
  });

  it("tells how long ago the account went, and with what words", async () => {
    const stage = await Stage.open();
    stage.roster(juliet, romeo, "from");
    const balcony = await stage.online(`${juliet}/balcony`);
    await balcony.unavailable("<status>good night</status>");
    await balcony.end();
    stage.advance(90_000);
    const orchard = await stage.connect(`${romeo}/orchard`);
    await orchard.iq(juliet, "get", "query", "jabber:iq:last");
    await stage.settled();
    assert.match(orchard.take()[0] ?? "", /seconds="90">good night</);
  });

  it("shows a stranger nothing that it does not show for a missing account", async () => {
    const stage = await Stage.open();
    await stage.online(`${juliet}/balcony`);
    const orchard = await stage.connect(`${romeo}/orchard`);
    for (const namespace of [ping, `${disco}#info`, `${disco}#items`, "jabber:iq:last"]) {
      const name = namespace === ping ? "ping" : "query";
      await orchard.iq(juliet, "get", name, namespace);
      await orchard.iq(missing, "get", name, namespace);
      await stage.settled();
      const [here, nowhere] = orchard.take();
      assert.match(here ?? "", /service-unavailable/);
      assert.equal(here?.replaceAll(juliet, missing), nowhere);
    }
  });

  it("tells a contact without a subscription that last activity is forbidden", async () => {
    const stage = await Stage.open();
    stage.roster(juliet, romeo, "to");
    await stage.online(`${juliet}/balcony`);
    const orchard = await stage.connect(`${romeo}/orchard`);
    await orchard.iq(juliet, "get", "query", "jabber:iq:last");
    await stage.settled();
    assert.match(orchard.take()[0] ?? "", /<forbidden/);
  });

  it("answers the account's own session request, and has no node", async () => {
    const stage = await Stage.open();
    const balcony = await stage.online(`${juliet}/balcony`);
    await balcony.iq(juliet, "set", "session", "urn:ietf:params:xml:ns:xmpp-session");
    await balcony.send("iq", juliet, {
      type: "get",
      id: "i2",
      payload: `<query xmlns="${disco}#info" node="urn:x"/>`,
      childName: "query",
      childNamespace: `${disco}#info`,
    });
    await stage.settled();
    const [session, node] = balcony.take();
    assert.match(session ?? "", /type="result"/);
    assert.match(node ?? "", /item-not-found/);
  });
});

describe("presence", () => {
  it("of type error reaches the user and changes nothing", async () => {
    const stage = await Stage.open();
    const balcony = await stage.online(`${juliet}/balcony`);
    const orchard = await stage.online(`${romeo}/orchard`);
    await orchard.directed(juliet, "error");
    await orchard.directed(`${juliet}/gone`, "error");
    await stage.settled();
    assert.deepEqual(balcony.take(), [`<presence from="${romeo}/orchard" to="${juliet}" type="error"/>`]);
    assert.deepEqual(orchard.take(), []);
  });

  it("of unknown type comes back as a bad request", async () => {
    const stage = await Stage.open();
    const orchard = await stage.connect(`${romeo}/orchard`);
    await orchard.send("presence", juliet, { type: "here", id: "p1" });
    await stage.settled();
    assert.match(orchard.take()[0] ?? "", /bad-request/);
  });
});
