import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Bus, BusError } from "@rollcall/bus";
import { noTracer, silentLogger, type Tracer } from "@rollcall/telemetry";
import { createRecordedTracer } from "@rollcall/telemetry/testing";
import { parseStanza, type Stanza } from "@rollcall/xmpp";
import type { Absence } from "../cluster/absence.ts";
import { Acknowledged } from "../sessions/acknowledged.ts";
import { fakeSession } from "../testing/fake-session.ts";
import { isAwaited, Uplink } from "./publish-stanza.ts";

const BALCONY = "juliet@example.org/balcony";

function setUp(options: { lang?: string; tracer?: Tracer; absence?: Absence } = {}) {
  const published: { channel: string; key: string; payload: unknown }[] = [];
  const bus = { fails: undefined as unknown };
  const publish = async (channel: { name: string }, key: string, payload: unknown) => {
    if (bus.fails !== undefined) throw bus.fails;
    published.push({ channel: channel.name, key, payload });
  };
  const uplink = new Uplink({
    bus: { publish } as unknown as Bus,
    clock: { now: () => 5_000 },
    logger: silentLogger,
    tracer: options.tracer ?? noTracer,
    absence: options.absence,
    domains: ["example.org", "example.net"],
    facts: { software: { name: "Rollcall", version: "1" }, startedAt: 2_000 },
  });
  const { session, written } = fakeSession(options);
  const take = (xml: string) => uplink.receive(session, stanza(xml));
  const receive = (xml: string) => take(xml)?.handover;
  return { uplink, session, written, published, take, receive, bus };
}

function stanza(xml: string): Stanza {
  const parsed = parseStanza(xml);
  assert.ok(parsed, xml);
  return parsed;
}

/** The one error that was written, as condition and `type kind id from to`. */
function errorOf(written: readonly string[]) {
  assert.equal(written.length, 1, written.join("\n"));
  const reply = stanza(written[0]!);
  assert.equal(reply.type, "error");
  const condition = /<([a-z-]+) xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/.exec(reply.payload)?.[1];
  const type = /<error type="([a-z]+)"/.exec(reply.payload)?.[1];
  return { condition, type, kind: reply.kind, id: reply.id, from: reply.from, to: reply.to };
}

describe("addresses", () => {
  test("from is the full JID, whatever the client wrote", () => {
    const { receive } = setUp();
    for (const from of ["", "from='romeo@example.org/x'", "from='juliet@example.org'"]) {
      const handover = receive(`<message ${from} to='romeo@example.org' id='m'><body>hi</body></message>`);
      assert.ok(handover?.kind === "deliver");
      assert.equal(handover.message.stanza.from, BALCONY);
    }
  });

  test("subscription stanzas go from bare JID to bare JID", () => {
    const { receive } = setUp();
    for (const type of ["subscribe", "subscribed", "unsubscribe", "unsubscribed"]) {
      const handover = receive(`<presence type='${type}' to='romeo@example.org/orchard'/>`);
      assert.ok(handover?.kind === "roster-command");
      assert.equal(handover.command.kind, "outbound-subscription");
      assert.equal(handover.command.stanza.from, "juliet@example.org");
      assert.equal(handover.command.stanza.to, "romeo@example.org");
    }
  });

  test("to is canonical", () => {
    const handover = setUp().receive("<message to='Romeo@EXAMPLE.org/Orchard'/>");
    assert.ok(handover?.kind === "deliver");
    assert.equal(handover.message.stanza.to, "romeo@example.org/Orchard");
    assert.equal(handover.key, "romeo@example.org");
  });

  test("a to that is no address is refused by the server, and not repeated", () => {
    const { receive, written } = setUp();
    assert.equal(receive("<message to='@example.org' id='m'/>"), undefined);
    assert.deepEqual(errorOf(written), {
      condition: "jid-malformed",
      type: "modify",
      kind: "message",
      id: "m",
      from: "example.org",
      to: BALCONY,
    });
  });

  test("an empty to is malformed", () => {
    const { receive, written } = setUp();
    receive("<iq to='' type='get' id='i'><ping xmlns='urn:xmpp:ping'/></iq>");
    assert.equal(errorOf(written).condition, "jid-malformed");
  });
});

describe("the language", () => {
  test("of the stream goes to stanzas without one, and to no other", () => {
    const { receive } = setUp({ lang: "de" });
    const without = receive("<message to='romeo@example.org'/>");
    const own = receive("<message to='romeo@example.org' xml:lang='fr'/>");
    assert.ok(without?.kind === "deliver" && own?.kind === "deliver");
    assert.equal(without.message.stanza.lang, "de");
    assert.equal(own.message.stanza.lang, "fr");
  });
});

describe("shapes", () => {
  const bad: readonly [string, string][] = [
    ["an iq without id", "<iq type='get'><x xmlns='y'/></iq>"],
    ["an iq with an empty id", "<iq type='get' id=''><x xmlns='y'/></iq>"],
    ["an iq without type", "<iq id='1'><x xmlns='y'/></iq>"],
    ["an iq of an unknown type", "<iq type='push' id='1'><x xmlns='y'/></iq>"],
    ["a request without a child", "<iq type='get' id='1'/>"],
    ["a request with two children", "<iq type='set' id='1'><x xmlns='y'/><x xmlns='y'/></iq>"],
    ["presence of an unknown type", "<presence type='available' to='romeo@example.org'/>"],
    ["a subscription request to nobody", "<presence type='subscribe'/>"],
  ];
  for (const [what, xml] of bad) {
    test(`${what} is a bad request`, () => {
      const { receive, written } = setUp();
      assert.equal(receive(xml), undefined);
      assert.equal(errorOf(written).condition, "bad-request");
    });
  }

  test("a result with two children is dropped, for results are never answered", () => {
    const { receive, written } = setUp();
    receive("<iq type='result' id='1' to='romeo@example.org/x'><x xmlns='y'/><x xmlns='y'/></iq>");
    assert.deepEqual(written, []);
  });

  test("a message of an unknown type keeps it", () => {
    const handover = setUp().receive("<message type='shout' to='romeo@example.org'/>");
    assert.ok(handover?.kind === "deliver");
    assert.equal(handover.message.stanza.type, "shout");
  });
});

describe("who gets a stanza", () => {
  const ways: readonly [string, string][] = [
    ["<message to='romeo@example.org'/>", "deliver romeo@example.org"],
    ["<message to='romeo@example.net/x' type='error'/>", "deliver romeo@example.net"],
    ["<message/>", "deliver juliet@example.org"],
    ["<iq type='get' id='1' to='romeo@example.org/x'><x xmlns='y'/></iq>", "deliver romeo@example.org"],
    ["<iq type='result' id='1' to='romeo@example.org/x'/>", "deliver romeo@example.org"],
    ["<iq type='result' id='1' to='juliet@example.org/other'/>", "deliver juliet@example.org"],
    ["<iq type='get' id='1'><x xmlns='y'/></iq>", "deliver juliet@example.org"],
    ["<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>", "roster-iq"],
    ["<iq type='set' id='1' to='juliet@example.org'><query xmlns='jabber:iq:roster'/></iq>", "roster-iq"],
    ["<iq type='get' id='1' to='romeo@example.org'><query xmlns='jabber:iq:roster'/></iq>", "roster-iq"],
    [
      "<iq type='get' id='1' to='romeo@example.org/x'><query xmlns='jabber:iq:roster'/></iq>",
      "deliver romeo@example.org",
    ],
    ["<presence/>", "broadcast-presence"],
    ["<presence type='unavailable'/>", "broadcast-presence"],
    ["<presence to='romeo@example.org'/>", "direct-presence"],
    ["<presence type='unavailable' to='romeo@example.org/x'/>", "direct-presence"],
    ["<presence type='probe' to='romeo@example.org'/>", "direct-presence"],
    ["<presence type='error' to='romeo@example.org'/>", "direct-presence"],
    ["<presence type='subscribe' to='romeo@example.org'/>", "outbound-subscription"],
    ["<presence type='unsubscribe' to='romeo@elsewhere.example'/>", "outbound-subscription"],
    // Meant for nobody, or answers that nobody waits for.
    ["<presence type='probe'/>", "nobody"],
    ["<presence type='error'/>", "nobody"],
    ["<iq type='result' id='push'/>", "nobody"],
    ["<iq type='error' id='push' to='juliet@example.org'/>", "nobody"],
    ["<iq type='result' id='ping' to='example.org'/>", "nobody"],
    ["<presence to='example.org'/>", "nobody"],
    ["<presence type='probe' to='romeo@elsewhere.example'/>", "nobody"],
  ];
  for (const [xml, expected] of ways) {
    test(`${xml} goes to: ${expected}`, () => {
      const { receive, written } = setUp();
      const handover = receive(xml);
      assert.deepEqual(written, []);
      if (handover === undefined) assert.equal(expected, "nobody");
      else if (handover.kind === "deliver") assert.equal(`deliver ${handover.key}`, expected);
      else assert.equal(handover.command.kind, expected);
      if (handover !== undefined) assert.equal(isAwaited(handover), handover.kind !== "deliver");
    });
  }

  test("what has no to is delivered to the own account", () => {
    const handover = setUp().receive("<message><body>note</body></message>");
    assert.ok(handover?.kind === "deliver");
    assert.equal(handover.message.stanza.to, "juliet@example.org");
    assert.equal(handover.message.at, 5_000);
  });

  test("a roster request keeps the client's own to, absent or not", () => {
    const handover = setUp().receive("<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>");
    assert.ok(handover?.kind === "roster-command");
    assert.equal(handover.command.stanza.to, undefined);
  });

  test("commands to the roster owner are numbered by session", () => {
    const { receive } = setUp();
    const ids = [1, 2, 3].map(() => {
      const handover = receive("<presence type='subscribe' to='romeo@example.org'/>");
      return handover?.kind === "roster-command" && handover.command.id;
    });
    assert.deepEqual(
      ids,
      [1, 2, 3].map((sequence) => ({ origin: "node-1", session: 1, sequence })),
    );
  });

  test("another domain cannot be reached", () => {
    for (const xml of [
      "<message to='romeo@elsewhere.example' id='x'/>",
      "<presence to='romeo@elsewhere.example' id='x'/>",
      "<iq type='get' id='x' to='elsewhere.example'><ping xmlns='urn:xmpp:ping'/></iq>",
    ]) {
      const { receive, written } = setUp();
      assert.equal(receive(xml), undefined);
      const { condition, id, to } = errorOf(written);
      assert.deepEqual({ condition, id, to }, { condition: "remote-server-not-found", id: "x", to: BALCONY });
    }
  });
});

describe("the server itself", () => {
  function ask(xml: string): Stanza {
    const { receive, written } = setUp();
    assert.equal(receive(xml), undefined);
    assert.equal(written.length, 1);
    return stanza(written[0]!);
  }

  test("answers a ping", () => {
    const reply = ask("<iq type='get' id='p' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>");
    assert.deepEqual(
      [reply.type, reply.id, reply.from, reply.to, reply.payload],
      ["result", "p", "example.org", BALCONY, ""],
    );
  });

  test("answers under its resources as well", () => {
    const reply = ask("<iq type='get' id='p' to='example.net/x'><ping xmlns='urn:xmpp:ping'/></iq>");
    assert.deepEqual([reply.type, reply.from], ["result", "example.net/x"]);
  });

  test("tells what it is, and that it has no items", () => {
    const info = ask(
      "<iq type='get' id='d' to='example.org'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    );
    assert.match(info.payload, /<identity category="server" type="im"/);
    assert.match(info.payload, /<feature var="urn:xmpp:ping"\/>/);
    const items = ask(
      "<iq type='get' id='d' to='example.org'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
    );
    assert.equal(items.type, "result");
    assert.doesNotMatch(items.payload, /<item /);
  });

  test("has no nodes", () => {
    for (const what of ["info", "items"]) {
      const reply = ask(
        `<iq type='get' id='d' to='example.org'><query node='n' xmlns='http://jabber.org/protocol/disco#${what}'/></iq>`,
      );
      assert.match(reply.payload, /item-not-found/);
    }
  });

  test("tells its version and for how long it is up", () => {
    const version = ask("<iq type='get' id='v' to='example.org'><query xmlns='jabber:iq:version'/></iq>");
    assert.match(version.payload, /<name>Rollcall<\/name><version>1<\/version>/);
    const last = ask("<iq type='get' id='l' to='example.org'><query xmlns='jabber:iq:last'/></iq>");
    assert.match(last.payload, /seconds="3"/);
  });

  test("does nothing for the session request of old clients, and says so", () => {
    for (const to of ["", "to='example.org'"]) {
      const reply = ask(
        `<iq type='set' id='s' ${to}><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>`,
      );
      assert.deepEqual([reply.type, reply.id, reply.payload], ["result", "s", ""]);
    }
  });

  test("refuses what it does not know", () => {
    for (const xml of [
      "<iq type='get' id='u' to='example.org'><x xmlns='urn:example:x'/></iq>",
      "<iq type='set' id='u' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>",
      "<message id='u' to='example.org'><body>hello</body></message>",
      "<presence type='subscribe' id='u' to='example.org'/>",
    ]) {
      assert.match(ask(xml).payload, /<error type="cancel"><service-unavailable /);
    }
  });
});

describe("a refusal of the bus", () => {
  const faults: readonly [unknown, string, string][] = [
    [new BusError("queue-full", "full"), "resource-constraint", "wait"],
    [new BusError("no-owner", "none"), "resource-constraint", "wait"],
    [new BusError("gave-up", "tired"), "resource-constraint", "wait"],
    [new BusError("failed", "broken"), "internal-server-error", "cancel"],
    [new Error("what"), "internal-server-error", "cancel"],
  ];
  for (const [fault, condition, type] of faults) {
    test(`${fault} goes back to the client as ${condition}`, async () => {
      const { uplink, session, written, bus, take } = setUp();
      bus.fails = fault;
      await uplink.handOver(session, take("<message to='romeo@example.org' id='m'/>")!);
      assert.deepEqual(errorOf(written), {
        condition,
        type,
        kind: "message",
        id: "m",
        from: "romeo@example.org",
        to: BALCONY,
      });
      assert.equal(uplink.counters.stanzasBounced.total, 1);
    });
  }

  test("of presence and of subscription stanzas reaches the client too", async () => {
    for (const xml of ["<presence id='p'/>", "<presence id='p' type='subscribe' to='romeo@example.org'/>"]) {
      const { uplink, session, written, bus, take } = setUp();
      bus.fails = new BusError("queue-full", "full");
      await uplink.handOver(session, take(xml)!);
      const { condition, kind, id, to } = errorOf(written);
      assert.deepEqual([condition, kind, id, to], ["resource-constraint", "presence", "p", BALCONY]);
    }
  });

  test("of a result or an error is not told", async () => {
    for (const xml of [
      "<iq type='result' id='r' to='romeo@example.org/x'/>",
      "<message type='error' to='romeo@example.org'/>",
    ]) {
      const { uplink, session, written, bus, take } = setUp();
      bus.fails = new BusError("queue-full", "full");
      await uplink.handOver(session, take(xml)!);
      assert.deepEqual(written, []);
    }
  });
});

test("what a session sent that is over without knowing it goes to nobody, and its trace ends with that", async () => {
  const { tracer, spans } = createRecordedTracer();
  const absence = { isDoubtful: true, settled: async () => {} } as Partial<Absence> as Absence;
  const { uplink, session, published, written, take } = setUp({ tracer, absence });
  session.acknowledged = new Acknowledged(0, 0);
  session.acknowledged.isDisowned = true;
  await uplink.handOver(session, take("<message to='romeo@example.org'/>")!);
  assert.deepEqual([published, written, uplink.counters.stanzasUnderWay], [[], [], 0]);
  const [span] = await spans();
  assert.deepEqual([span?.name, span?.attributes["error.type"]], ["receive message", "disowned"]);
});

test("the channel and the key follow from who has to act", async () => {
  const { uplink, session, published, take } = setUp();
  for (const xml of [
    "<message to='romeo@example.org'/>",
    "<presence to='romeo@example.org'/>",
    "<presence type='subscribe' to='romeo@example.org'/>",
  ]) {
    await uplink.handOver(session, take(xml)!);
  }
  assert.deepEqual(
    published.map(({ channel, key }) => `${channel} ${key}`),
    [
      "deliver romeo@example.org",
      "presence-commands juliet@example.org",
      "roster-commands juliet@example.org",
    ],
  );
});
