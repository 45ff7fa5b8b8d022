/** What is in the logs of whole servers at their most talkative, and what never is. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { DEFAULT_ACCOUNT_BUCKET } from "@rollcall/accounts";
import { events, logFields } from "@rollcall/telemetry";
import {
  type Endpoint,
  eventually,
  needs,
  type OtlpReceiver,
  type RunningCluster,
  ServerProcess,
  startCluster,
  startOtlpReceiver,
  XmppClient,
} from "@rollcall/testkit";

const passwords = { romeo: "by-the-moon-7", juliet: "wherefore-art-8", wrong: "not-the-password-9" };
/** What people write, wherever they can write something. */
const words = [
  "body-the-east",
  "subject-the-sun",
  "status-on-the-balcony",
  "name-my-love",
  "group-of-lovers",
  "xhtml-of-romeo",
  "unknown-payload",
];
const [body, subject, status, name, group, xhtml, payload] = words;

interface Stage {
  readonly domain: string;
  readonly doors: readonly [Endpoint, Endpoint];
  addUser(jid: string, password: string): Promise<void>;
}

/** Logins right and wrong, a subscription, rosters, presence, messages to people who are here, away, or do not exist. */
async function play({ domain, doors, addUser }: Stage): Promise<void> {
  for (const user of ["romeo", "juliet"] as const) await addUser(`${user}@${domain}`, passwords[user]);
  const login = (endpoint: Endpoint, username: "romeo" | "juliet", mechanism: "PLAIN" | "SCRAM-SHA-256") => ({
    endpoint,
    tls: "none" as const,
    domain,
    username,
    password: passwords[username],
    resource: "here",
    mechanism,
  });
  for (const mechanism of ["PLAIN", "SCRAM-SHA-256"] as const)
    await assert.rejects(
      XmppClient.login({ ...login(doors[0], "romeo", mechanism), password: passwords.wrong }),
    );
  const romeo = await XmppClient.login(login(doors[0], "romeo", "PLAIN"));
  const juliet = await XmppClient.login(login(doors[1], "juliet", "SCRAM-SHA-256"));
  for (const client of [romeo, juliet]) {
    await client.roster();
    await client.presence(`<status>${status}</status>`);
  }
  romeo.send(`<presence to='${juliet.bare}' type='subscribe'><status>${status}</status></presence>`);
  await juliet.receive("presence", { type: "subscribe" });
  juliet.send(`<presence to='${romeo.bare}' type='subscribed'/>`);
  await romeo.receive("presence", { from: juliet.full, type: undefined });
  await romeo.request(
    "set",
    `<query xmlns='jabber:iq:roster'><item jid='${juliet.bare}' name='${name}'><group>${group}</group></item></query>`,
  );
  const message = (to: string): string =>
    `<message to='${to}' type='chat'><subject>${subject}</subject><body>${body}</body>` +
    `<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>${xhtml}</body></html></message>`;
  romeo.send(message(juliet.full));
  await juliet.receive("message", { from: romeo.full });
  romeo.send(message(`nobody@${domain}`) + message("mercutio@elsewhere.example") + message("@@"));
  await romeo.request("set", `<x xmlns='urn:example:x'>${payload}</x>`, domain);
  await romeo.request(
    "set",
    `<query xmlns='jabber:iq:register'><username>romeo</username><password>${passwords.wrong}</password></query>`,
    domain,
  );
  await juliet.close();
  romeo.send(message(juliet.bare));
  await romeo.settled([juliet.bare]);
  romeo.send(`<message><body>${body}</oops>`);
  await romeo.wire.gone();
}

/** Every line of the log in what a process has printed. */
function linesOf(output: string): Record<string, unknown>[] {
  return output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function assertSilent(output: string, secrets: readonly string[]): void {
  const inBase64 = Object.entries(passwords).flatMap(([user, password]) =>
    [password, `\0${user}\0${password}`, `\0romeo\0${password}`].map((text) =>
      Buffer.from(text).toString("base64").replace(/=+$/, ""),
    ),
  );
  for (const secret of [...words, ...Object.values(passwords), ...inBase64, ...secrets]) {
    assert.ok(secret.length > 8);
    const at = output.indexOf(secret);
    assert.equal(at, -1, `${secret} in: ${output.slice(Math.max(0, at - 300), at + 100)}`);
  }
}

function assertCatalogued(lines: readonly Record<string, unknown>[]): void {
  const own = new Set(["level", "time", "name", "event"]);
  for (const line of lines) {
    assert.ok(String(line.event) in events, `no such event: ${line.event}`);
    assert.deepEqual(
      Object.keys(line).filter((field) => !own.has(field) && !(field in logFields)),
      [],
      `fields of ${line.event}`,
    );
  }
}

/** The keys that are kept of a password. */
async function keysOf(riak: string, jid: string): Promise<string[]> {
  const answer = await fetch(`${riak}/riak/${DEFAULT_ACCOUNT_BUCKET}/${jid}`);
  assert.equal(answer.status, 200);
  const keys = [...(await answer.text()).matchAll(/"([A-Za-z0-9+/]{22,}={0,2})"/g)].map(([, key]) => key!);
  assert.ok(keys.length >= 4, "the account has no keys");
  return keys;
}

describe("the log of the server of one process", () => {
  let server: ServerProcess;
  before(async () => {
    server = await ServerProcess.create({
      ROLLCALL_TLS_REQUIRED: "false",
      ROLLCALL_LOG_LEVEL: "debug",
      ROLLCALL_LOG_FORMAT: "json",
      // Its records are between the lines of the log.
      ROLLCALL_XMPP_LOG_ENABLED: "true",
      ROLLCALL_XMPP_LOG_RECEPTION_FORMAT: "%t R %so",
      ROLLCALL_XMPP_LOG_DELIVERY_FORMAT: "%t D %so",
    });
    await server.start();
  });
  after(() => server.remove());

  test("at debug has events and fields of the catalogue, and nothing that people wrote or must not know", async () => {
    await play({
      domain: "localhost",
      doors: [server.c2s, server.c2s],
      addUser: (jid, password) => server.addUser(jid, password),
    });
    const token = readFileSync(join(server.dataDir, "admin-token"), "utf8").trim();
    await fetch(`${server.http}/admin/v1/users`, { headers: { authorization: "Bearer guess-of-a-token" } });
    const keys = await keysOf(server.riak, "juliet@localhost");
    await server.end("SIGTERM");
    const lines = linesOf(server.output);
    assertCatalogued(lines);
    const logged = new Set(lines.map(({ event }) => event));
    for (const event of ["session.bound", "session.ended", "admin.unauthorised", "process.stopped"])
      assert.ok(logged.has(event), `${event} was not logged`);
    assertSilent(server.output, [token, "guess-of-a-token", ...keys]);
    // The records of the XMPP log are there, each on a line of its own.
    const records = server.output.split("\n").filter((line) => /^\d+ [RD] </.test(line));
    assert.ok(records.some((line) => line.includes('R <message%20to="juliet@localhost/here"')));
    assert.ok(records.some((line) => line.includes('D <message%20from="romeo@localhost/here"')));
  });
});

describe("the XMPP log of a server", () => {
  let server: ServerProcess;
  before(async () => {
    server = await ServerProcess.create({ ROLLCALL_TLS_REQUIRED: "false" });
    Object.assign(server.env, {
      ROLLCALL_XMPP_LOG_ENABLED: "true",
      ROLLCALL_XMPP_LOG_FILE: join(server.folder, "xmpp.log"),
    });
    await server.start();
  });
  after(() => server.remove());

  test("is moved away with a rename and SIGHUP, and is whole at the end", async () => {
    const file = join(server.folder, "xmpp.log");
    await server.addUser("juliet@localhost", passwords.juliet);
    const juliet = await XmppClient.login({
      endpoint: server.c2s,
      tls: "none",
      domain: "localhost",
      username: "juliet",
      password: passwords.juliet,
      resource: "here",
    });
    await juliet.presence();
    await eventually("the first record", async () => /\+R\+presence\+/.test(readFileSync(file, "utf8")));
    renameSync(file, `${file}.1`);
    process.kill(server.pid!, "SIGHUP");
    await eventually("a new file", async () => existsSync(file));
    await juliet.settled();
    await juliet.close();
    assert.equal(await server.end("SIGTERM"), 0);
    const both = readFileSync(`${file}.1`, "utf8") + readFileSync(file, "utf8");
    const received = both.split("\n").filter((line) => line.includes("+R+"));
    assert.deepEqual(
      received.map((line) => line.split("+")[2]),
      ["presence", "message", "stream"],
    );
    for (const line of both.split("\n").slice(0, -1))
      assert.match(
        line,
        /^\d{10}\+[RD]\+(iq|message|presence|stream|error)\+[^+]*\+[^+]*\+[^+]*\+[^+]*\+127\.0\.0\.1:\d+$/,
      );
  });
});

describe("the logs of a cluster", needs("nats-server"), () => {
  let collector: OtlpReceiver;
  let cluster: RunningCluster;
  before(async () => {
    collector = await startOtlpReceiver();
    cluster = await startCluster({
      env: {
        ROLLCALL_LOG_LEVEL: "debug",
        ROLLCALL_LOG_FORMAT: "json",
        ROLLCALL_OTLP_ENDPOINT: collector.endpoint,
        ROLLCALL_TRACE_PERCENT: "100",
      },
    });
  });
  after(async () => {
    await cluster?.stop();
    await collector?.stop();
  });

  test("say nothing that people wrote or must not know, also while the store is away", async () => {
    const [one, other] = cluster.nodes;
    await play({
      domain: cluster.domain,
      doors: [one!.c2s, other!.c2s],
      addUser: (jid, password) => cluster.addUser(jid, password),
    });
    const keys = await keysOf(cluster.storeProxy.url, `juliet@${cluster.domain}`);
    const romeo = await XmppClient.login({
      endpoint: one!.c2s,
      tls: "none",
      domain: cluster.domain,
      username: "romeo",
      password: passwords.romeo,
    });
    cluster.storeProxy.fault({ kind: "away" });
    const item = `<item jid='juliet@${cluster.domain}' name='${name}'><group>${group}</group></item>`;
    const answer = await romeo.request("set", `<query xmlns='jabber:iq:roster'>${item}</query>`);
    assert.equal(answer.attributes.type, "error");
    romeo.send(`<message to='juliet@${cluster.domain}' type='chat'><body>${body}</body></message>`);
    await romeo.receive("message", { type: "error" });
    cluster.storeProxy.fault({ kind: "none" });
    await eventually("the faults are logged", async () =>
      ["roster.store-failed", "presence.offline-not-stored"].every((event) =>
        cluster.output().includes(event),
      ),
    );
    const lines = linesOf(cluster.output());
    assertCatalogued(lines);
    assert.ok(new Set(lines.map(({ name }) => name)).size >= 4, "not every kind of process has logged");
    assertSilent(cluster.output(), keys);

    // From a line of the roster owner one gets to the stanza at the connection node that it is about.
    const failed = lines.find(({ event }) => event === "roster.store-failed");
    const spans = await collector.trace("the set that failed", (trace) =>
      trace.some(({ traceId, spanId }) => traceId === failed?.trace_id && spanId === failed?.span_id),
    );
    assert.equal(spans.find(({ parentSpanId }) => parentSpanId === "")?.name, "receive iq");
  });
});
