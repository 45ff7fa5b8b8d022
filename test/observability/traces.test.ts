/** Traces of a cluster of processes, as an OpenTelemetry collector gets them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { attributeCatalogue, describeTraces, isKnownSpanName } from "@rollcall/telemetry";
import {
  befriendIn,
  type CollectedSpan,
  eventually,
  type HarmedProcess,
  needs,
  type OtlpReceiver,
  onlineAt,
  type RunningCluster,
  ServerProcess,
  serviceOf,
  spanTree,
  startCluster,
  startOtlpReceiver,
  treeLines,
  uniqueId,
  type XmlNode,
  type XmppClient,
} from "@rollcall/testkit";

const body = "a body that nobody else may read";
const status = "a status that is for contacts alone";

function rootOf(spans: readonly CollectedSpan[]): CollectedSpan | undefined {
  return spans.find(({ parentSpanId }) => parentSpanId === "");
}

/** The spans that lead to this one, from the first of the trace. */
function pathTo(span: CollectedSpan, spans: readonly CollectedSpan[]): CollectedSpan[] {
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
  return parent === undefined ? [span] : [...pathTo(parent, spans), span];
}

function names(spans: readonly CollectedSpan[]): string[] {
  return spans.map((span) => `${span.name} (${serviceOf(span)})`);
}

/** A trace that begins with a stanza of this client, and has as many spans of that name as it should. */
function stanzaOf(client: XmppClient, name: string, attributes: Readonly<Record<string, string>> = {}) {
  return (spans: readonly CollectedSpan[]): boolean => {
    const root = rootOf(spans);
    if (root?.name !== name || root.attributes["xmpp.session"] !== client.full) return false;
    return Object.entries(attributes).every(([key, value]) => root.attributes[key] === value);
  };
}

function count(spans: readonly CollectedSpan[], name: string): number {
  return spans.filter((span) => span.name === name).length;
}

test("the documentation is the catalogue; `npm run traces` writes it", () => {
  const documentation = new URL("../../../docs/traces.md", import.meta.url);
  assert.equal(readFileSync(documentation, "utf8"), describeTraces());
});

test("in one process a stanza has the same steps", async (t) => {
  const collector = await startOtlpReceiver();
  t.after(() => collector.stop());
  const server = await ServerProcess.create({
    ROLLCALL_TLS_REQUIRED: "false",
    ROLLCALL_OTLP_ENDPOINT: collector.endpoint,
    ROLLCALL_TRACE_PERCENT: "100",
    ROLLCALL_TRACE_JIDS: "plain",
  });
  t.after(() => server.remove());
  await server.start();
  await server.addUser("juliet@localhost", "secret");
  const juliet = await server.login("juliet", "secret", "balcony");
  juliet.send(`<message to='${juliet.full}' id='to-myself'><body>${body}</body></message>`);
  await juliet.receive("message", { id: "to-myself" });
  const spans = await collector.trace(
    "the message",
    (trace) => stanzaOf(juliet, "receive message")(trace) && count(trace, "write") === 1,
  );
  assert.deepEqual(treeLines(spanTree(spans)), [
    "receive message (all-in-one)",
    "  send deliver (all-in-one)",
    "    process deliver (all-in-one)",
    "      send node-deliveries (all-in-one)",
    "        write (all-in-one)",
  ]);
  await juliet.close();
});

describe("the traces of a cluster", { ...needs("nats-server") }, () => {
  let collector: OtlpReceiver;
  let cluster: RunningCluster;

  before(async () => {
    collector = await startOtlpReceiver();
    cluster = await startCluster({
      env: {
        ROLLCALL_OTLP_ENDPOINT: collector.endpoint,
        ROLLCALL_OTLP_HEADERS: "authorization=Bearer%20abc",
        ROLLCALL_TRACE_PERCENT: "100",
        ROLLCALL_TRACE_JIDS: "plain",
        ROLLCALL_LOG_LEVEL: "debug",
      },
    });
    await cluster.settled();
  });

  after(async () => {
    await cluster?.stop();
    await collector?.stop();
  });

  async function friends(): Promise<{ romeo: XmppClient; juliet: XmppClient }> {
    const [one, other] = [uniqueId("romeo"), uniqueId("juliet")];
    await befriendIn(cluster, one, other);
    const [first, second] = cluster.nodes;
    assert.ok(first && second);
    return {
      romeo: await onlineAt(cluster, first, one),
      juliet: await onlineAt(cluster, second, other),
    };
  }

  async function befriendAll(star: string, fans: readonly string[]): Promise<void> {
    const jid = (username: string): string => `${username}@${cluster.domain}`;
    for (const username of [star, ...fans]) await cluster.addUser(jid(username), `${username}'s secret`);
    const both = { subscription: "both" };
    await cluster.importRoster(jid(star), Object.fromEntries(fans.map((fan) => [jid(fan), both])));
    for (const fan of fans) await cluster.importRoster(jid(fan), { [jid(star)]: both });
  }

  test("a login is one trace, from the connection to the bound resource", async () => {
    const { romeo } = await friends();
    const spans = await collector.trace(
      "the login",
      (trace) =>
        rootOf(trace)?.name === "log in" &&
        rootOf(trace)?.attributes["xmpp.session"] === romeo.full &&
        count(trace, "answer bind") === 1,
    );
    assert.deepEqual(treeLines(spanTree(spans)), [
      "log in (connection)",
      "  authenticate (connection)",
      "    GET accounts (connection)",
      "  bind resource (connection)",
      "    ask bind (connection)",
      "      answer bind (presence)",
      "        GET accounts (presence)",
    ]);
    const root = rootOf(spans);
    assert.equal(root?.attributes["xmpp.account"], romeo.bare);
    assert.equal(root?.attributes["xmpp.login.outcome"], "ok");
    assert.equal(
      spans.find(({ name }) => name === "authenticate")?.attributes["xmpp.sasl.mechanism"],
      "SCRAM-SHA-1",
    );
    assert.ok(spans.every(({ isError }) => !isError));
  });

  test("a roster change: decided, written, and only then told", async () => {
    const { romeo } = await friends();
    const id = uniqueId("set");
    romeo.send(
      `<iq type='set' id='${id}'><query xmlns='jabber:iq:roster'><item jid='nurse@localhost' name='N'/></query></iq>`,
    );
    await romeo.receive("iq", { id });
    const spans = await collector.trace(
      "the roster set",
      (trace) =>
        stanzaOf(romeo, "receive iq", { "xmpp.stanza.type": "set" })(trace) && count(trace, "write") === 2,
    );
    // Whether there is such an account is asked once in a while.
    const lines = treeLines(spanTree(spans)).filter((line) => !line.includes("GET accounts"));
    assert.deepEqual(lines, [
      "receive iq (connection)",
      "  send roster-commands (connection)",
      "    process roster-commands (roster)",
      "      GET xmpp (roster)",
      "      decide (roster)",
      "      PUT xmpp (roster)",
      "      send presence-commands (roster)",
      "        process presence-commands (presence)",
      "          send node-deliveries (presence)",
      "            write (connection)",
      "          send node-deliveries (presence)",
      "            write (connection)",
    ]);
    const put = spans.find(({ name }) => name === "PUT xmpp");
    const told = spans.find(({ name }) => name === "send presence-commands");
    assert.ok(put && told && put.end <= told.start);
    assert.deepEqual(
      [put.kind, put.attributes["db.system.name"], put.attributes["db.response.status"]],
      ["client", "riak", "stored"],
    );
  });

  test("a subscription goes through both rosters in one trace", async () => {
    const { romeo, juliet } = await friends();
    romeo.send(`<presence type='unsubscribe' to='${juliet.bare}'/>`);
    await juliet.receive("presence", { type: "unsubscribe" });
    const spans = await collector.trace(
      "the unsubscription",
      (trace) =>
        stanzaOf(romeo, "receive presence", { "xmpp.stanza.type": "unsubscribe" })(trace) &&
        count(trace, "process inbound-subscriptions") === 1 &&
        count(trace, "write") >= 3,
    );
    const inbound = spans.find(({ name }) => name === "process inbound-subscriptions");
    assert.ok(inbound);
    assert.deepEqual(names(pathTo(inbound, spans)), [
      "receive presence (connection)",
      "send roster-commands (connection)",
      "process roster-commands (roster)",
      "send inbound-subscriptions (roster)",
      "process inbound-subscriptions (roster)",
    ]);
    assert.equal(count(spans, "PUT xmpp"), 2);
    // What a message arrived from is its parent, and is linked as well.
    assert.deepEqual(inbound.links, [{ traceId: inbound.traceId, spanId: inbound.parentSpanId }]);
    const nodes = new Set(
      spans.filter(({ name }) => name === "write").map((span) => span.attributes["xmpp.node"]),
    );
    assert.equal(nodes.size, 2);
  });

  test("presence that 5 contacts on 2 nodes see is one trace with 6 recipients", async () => {
    const name = uniqueId("star");
    const fans = ["a", "b", "c", "d", "e"].map((letter) => `${name}-${letter}`);
    await befriendAll(name, fans);
    const [first, second] = cluster.nodes;
    assert.ok(first && second);
    const star = await onlineAt(cluster, first, name);
    const seen = await Promise.all(
      fans.map((fan, i) => onlineAt(cluster, i % 2 === 0 ? first : second, fan)),
    );
    const id = uniqueId("away");
    star.send(`<presence id='${id}'><show>away</show><status>${status}</status></presence>`);
    await Promise.all(seen.map((fan) => fan.receive("presence", { id })));
    const recipients = (trace: readonly CollectedSpan[]): number =>
      trace
        .filter((span) => span.name === "write")
        .reduce((sum, span) => sum + Number(span.attributes["xmpp.recipients"]), 0);
    const spans = await collector.trace(
      "the presence change",
      (trace) =>
        stanzaOf(star, "receive presence")(trace) &&
        recipients(trace) === 6 &&
        count(trace, "GET offline") === 0,
    );
    const writes = spans.filter((span) => span.name === "write");
    assert.equal(new Set(writes.map((span) => span.attributes["xmpp.node"])).size, 2);
    for (const write of writes) {
      const path = names(pathTo(write, spans));
      const own = [
        "receive presence (connection)",
        "send presence-commands (connection)",
        "process presence-commands (presence)",
      ];
      const last = ["send node-deliveries (presence)", "write (connection)"];
      const isReflection = path.length === own.length + last.length;
      assert.deepEqual(
        path,
        isReflection
          ? [...own, ...last]
          : [...own, "send fan-out (presence)", "process fan-out (presence)", ...last],
      );
    }
  });

  test("what is traced keeps its order, across kinds of stanzas", async () => {
    const { romeo, juliet } = await friends();
    const sent: string[] = [];
    for (let i = 0; i < 120; i++) {
      const id = `order-${i}`;
      sent.push(id);
      if (i % 3 === 0) romeo.send(`<presence id='${id}'><priority>${i % 100}</priority></presence>`);
      else if (i % 3 === 1)
        romeo.send(`<message to='${juliet.full}' id='${id}'><body>${body}</body></message>`);
      else romeo.send(`<presence to='${juliet.full}' id='${id}'/>`);
    }
    const isOfIt = (stanza: XmlNode): boolean => stanza.id?.startsWith("order-") === true;
    const seen: (string | undefined)[] = [];
    while (seen.length < sent.length) seen.push((await juliet.wire.take(isOfIt, "the next stanza")).id);
    assert.deepEqual(seen, sent);
  });

  test("stanzas of many that are handled together stay each in its own trace", async () => {
    const pairs = await Promise.all([friends(), friends(), friends()]);
    const each = 25;
    for (let i = 0; i < each; i++) {
      for (const { romeo, juliet } of pairs) {
        romeo.send(`<message to='${juliet.full}' type='headline' id='m${i}'><body>${body}</body></message>`);
        juliet.send(`<presence to='${romeo.full}' id='p${i}'/>`);
      }
    }
    await Promise.all(
      pairs.flatMap(({ romeo, juliet }) => [
        juliet.receive("message", { id: `m${each - 1}` }),
        romeo.receive("presence", { id: `p${each - 1}` }),
      ]),
    );
    const delivered = [
      ...["send deliver", "process deliver (presence)"],
      ...["send node-deliveries (presence)", "write (connection)"],
    ];
    const message = ["receive message (connection)", ...delivered];
    // Directed presence goes by way of the sender's owner.
    const presence = [
      ...["receive presence (connection)", "send presence-commands (connection)"],
      ...["process presence-commands (presence)", ...delivered],
    ];
    for (const { romeo, juliet } of pairs) {
      for (const [client, to, steps] of [
        [romeo, juliet.full, message],
        [juliet, romeo.full, presence],
      ] as const) {
        const name = (steps[0] ?? "").replace(" (connection)", "");
        const isOfIt = stanzaOf(client, name, { "xmpp.to": to });
        const traces = await collector.traces(`the traces of ${client.full}`, each, isOfIt, steps.length);
        assert.equal(traces.length, each);
        for (const trace of traces) {
          const lines = treeLines(spanTree(trace)).map((line) => line.trim());
          assert.deepEqual(
            lines.map((line) => line.replace(/^send deliver .*/, "send deliver")),
            steps,
          );
        }
      }
    }
  });

  test("partitions that an owner hands over are in a trace of it, and of who takes them", async () => {
    const [process] = cluster.presence;
    assert.ok(process);
    const id = /service_instance_id="([^"]+)"/.exec(await metricsOf(process.name))?.[1];
    assert.equal(await process.end("SIGTERM"), 0);
    const [handed] = await collector.trace("the hand-over", (trace) => {
      const root = rootOf(trace);
      return root?.name === "hand over partitions" && root.resource["service.instance.id"] === id;
    });
    assert.ok(handed && !handed.isError && Number(handed.attributes["xmpp.partitions"]) > 0);
    await collector.trace("the take-over", (trace) => {
      const root = rootOf(trace);
      return root?.name === "take over partitions" && root.start >= handed.start;
    });
    await process.start();
    await cluster.settled();
  });

  async function metricsOf(name: string): Promise<string> {
    const url = cluster.http.find((one) => one.name === name)?.url;
    return (await fetch(`${url}/metrics`)).text();
  }

  /** Stanzas of clients that the node has taken. */
  async function accepted(node: string): Promise<number> {
    const lines = (await metricsOf(node)).split("\n");
    return lines
      .filter(
        (line) => line.startsWith("rollcall_uplink_stanzas_total") && line.includes('outcome="accepted"'),
      )
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  async function presenceProcess(instanceId: unknown): Promise<HarmedProcess> {
    for (const one of cluster.presence) {
      if ((await metricsOf(one.name)).includes(`service_instance_id="${instanceId}"`)) return one;
    }
    throw new Error(`${instanceId} is no presence process`);
  }

  test("a message to an owner that died is sent again, linked to the first sending, and a new owner takes over", async () => {
    const { romeo } = await friends();
    const [node] = cluster.nodes;
    assert.ok(node);
    const before = await collector.trace(
      "the first presence",
      (trace) =>
        stanzaOf(romeo, "receive presence")(trace) && count(trace, "process presence-commands") === 1,
    );
    const owner = before.find(({ name }) => name === "process presence-commands")?.resource[
      "service.instance.id"
    ];
    const process = await presenceProcess(owner);
    // It cannot take what is sent to it now.
    process.freeze();
    const taken = await accepted(node.name);
    const id = uniqueId("again");
    romeo.send(`<presence id='${id}'><show>xa</show></presence>`);
    await eventually("the presence was sent", async () => (await accepted(node.name)) > taken);
    await process.kill();
    await romeo.receive("presence", { from: romeo.full, id });
    const isResend = (span: CollectedSpan): boolean =>
      span.attributes["messaging.operation.name"] === "resend";
    const spans = await collector.trace(
      "the presence that was sent again",
      (trace) =>
        stanzaOf(romeo, "receive presence")(trace) && trace.some(isResend) && count(trace, "write") >= 1,
    );
    const first = spans.find((span) => span.name === "send presence-commands" && !isResend(span));
    assert.ok(first);
    assert.ok(first.events.some(({ name }) => name === "came back"));
    const handled = spans.find(({ name }) => name === "process presence-commands");
    // Each sending is linked to the one before it, back to the first.
    const sendings: CollectedSpan[] = [];
    let sending = spans.find(({ spanId }) => spanId === handled?.parentSpanId);
    while (sending !== undefined && sendings.length < 100) {
      sendings.push(sending);
      const [link] = sending.links;
      sending = spans.find(({ spanId }) => spanId === link?.spanId);
    }
    assert.ok(sendings.length > 1);
    assert.equal(sendings.at(-1), first);
    assert.ok(sendings.slice(0, -1).every(isResend));
    assert.notEqual(handled?.resource["service.instance.id"], owner);
    const rebuilt = await collector.trace(
      "the take-over",
      (trace) =>
        rootOf(trace)?.name === "take over partitions" &&
        Number(rootOf(trace)?.start) >= first.start &&
        Number(rootOf(trace)?.attributes["xmpp.sessions"]) > 0 &&
        count(trace, "answer report-sessions") === 2,
    );
    assert.equal(rootOf(rebuilt)?.resource["service.instance.id"], handled?.resource["service.instance.id"]);
    await process.start();
    await cluster.settled();
  });

  test("the death of a node is one trace, with the ends of its sessions", async () => {
    const { romeo, juliet } = await friends();
    const [node] = cluster.nodes;
    await node?.process.kill();
    await juliet.receive("presence", { type: "unavailable", from: romeo.full });
    const spans = await collector.trace(
      "the ends of sessions",
      (trace) => rootOf(trace)?.name === "end sessions of node" && count(trace, "write") >= 1,
    );
    const write = spans.find(({ name }) => name === "write");
    assert.deepEqual(write && names(pathTo(write, spans)), [
      "end sessions of node (presence)",
      "send fan-out (presence)",
      "process fan-out (presence)",
      "send node-deliveries (presence)",
      "write (connection)",
    ]);
    await node?.process.start();
    await cluster.settled();
  });

  test("names and attributes are those of the catalogue, and no span or log line has a body, a status or a password", async () => {
    const { romeo, juliet } = await friends();
    const id = uniqueId("m");
    romeo.send(`<message to='${juliet.bare}' id='${id}' type='chat'><body>${body}</body></message>`);
    await juliet.receive("message", { id });
    await collector.trace(
      "the message",
      (trace) =>
        stanzaOf(romeo, "receive message", { "xmpp.to": juliet.bare })(trace) && count(trace, "write") === 1,
    );
    for (const span of collector.spans) {
      assert.ok(isKnownSpanName(span.name), span.name);
      for (const name of Object.keys(span.attributes)) {
        assert.ok(Object.hasOwn(attributeCatalogue, name), `${name} of ${span.name}`);
      }
    }
    const everything = JSON.stringify(collector.spans) + cluster.output();
    for (const secret of [body, status, "'s secret", "Bearer abc"]) {
      assert.ok(!everything.includes(secret), secret);
    }
    assert.ok(cluster.output().includes("process.started"), "there are log lines");
    assert.equal(collector.headers.authorization, "Bearer abc");
  });
});
