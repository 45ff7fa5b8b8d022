/** What processes count, what `/metrics` shows of it, and what the documentation says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { describeMetrics, fieldsOf, metricCatalogue, prometheusName } from "@rollcall/telemetry";
import { needs, type RunningCluster, ServerProcess, startCluster, XmppClient } from "@rollcall/testkit";

/** The counters of a process as `area.field`. */
async function countersOf(http: string, token: string): Promise<string[]> {
  const answer = await fetch(`${http}/admin/v1/counters`, { headers: { authorization: `Bearer ${token}` } });
  const areas = (await answer.json()) as Record<string, Record<string, number>>;
  return Object.entries(areas).flatMap(([area, numbers]) =>
    Object.keys(numbers).map((field) => `${area}.${field}`),
  );
}

async function scrape(http: string): Promise<string> {
  const answer = await fetch(`${http}/metrics`);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  return answer.text();
}

const documentation = new URL("../../../docs/metrics.md", import.meta.url);
const listed = metricCatalogue.flatMap(fieldsOf);
const counted = new Set<string>();

test("the documentation is the catalogue; `npm run metrics` writes it", () => {
  assert.equal(readFileSync(documentation, "utf8"), describeMetrics());
});

describe("the server of one process", () => {
  let server: ServerProcess;
  before(async () => {
    server = await ServerProcess.create({ ROLLCALL_TLS_REQUIRED: "false" });
    await server.start();
  });
  after(() => server.remove());

  test("shows logins, and the names of nobody", async () => {
    await server.addUser("juliet@localhost", "secret");
    const juliet = await XmppClient.login({
      endpoint: server.c2s,
      domain: "localhost",
      username: "juliet",
      password: "secret",
      resource: "balcony",
      tls: "none",
    });
    const text = await scrape(server.http);
    assert.match(text, /^rollcall_stream_logins_total 1$/m);
    assert.match(text, /^rollcall_presence_sessions 1$/m);
    assert.match(text, /^rollcall_admin_account_changes_total\{change="created"\} 1$/m);
    assert.ok(!text.includes("juliet") && !text.includes("secret"));
    await juliet.close();
  });

  test("counts nothing that has no metric", async () => {
    const token = readFileSync(`${server.dataDir}/admin-token`, "utf8").trim();
    const counters = await countersOf(server.http, token);
    for (const counter of counters) counted.add(counter);
    assert.deepEqual(
      counters.filter((counter) => !listed.includes(counter)),
      [],
    );
  });
});

describe("the processes of a cluster", needs("nats-server"), () => {
  let cluster: RunningCluster;
  before(async () => {
    cluster = await startCluster({ counts: { connection: 1, roster: 1, presence: 1 } });
  });
  after(() => cluster.stop());

  test("each show what they do", async () => {
    const texts = await Promise.all(cluster.http.map(({ url }) => scrape(url)));
    const ofKind = (kind: string): string =>
      texts[cluster.http.findIndex(({ name }) => name.startsWith(kind))] ?? "";
    assert.match(ofKind("connection"), /^rollcall_connections 0$/m);
    assert.match(ofKind("connection"), /service_name="rollcall-connection"/);
    assert.match(ofKind("presence"), /^rollcall_presence_partitions\{state="served"\} 256$/m);
    assert.match(ofKind("roster"), /^rollcall_roster_operations_total\{operation="get"\} 0$/m);
    for (const kind of ["connection", "presence", "roster"])
      assert.match(ofKind(kind), /^rollcall_bus_frames_total\{direction="out"\} \d/m);
    assert.match(ofKind("store"), /^process_memory_usage [1-9]/m);
  });

  test("count nothing that has no metric, and there is no metric that nothing counts", async () => {
    const roster = cluster.http.find(({ name }) => name.startsWith("roster"));
    const token = readFileSync(`${cluster.folder}/data/admin-token`, "utf8").trim();
    for (const counter of await countersOf(roster?.url ?? "", token)) counted.add(counter);
    assert.deepEqual(
      [...counted].filter((counter) => !listed.includes(counter)),
      [],
    );
    assert.deepEqual(
      listed.filter((counter) => !counted.has(counter)),
      [],
    );
  });

  test("have every metric under the name that the documentation has", async () => {
    const text = (await Promise.all(cluster.http.map(({ url }) => scrape(url)))).join("\n");
    const missing = metricCatalogue
      .map(prometheusName)
      .filter((name) => !new RegExp(`^${name}[ {]`, "m").test(text));
    assert.deepEqual(missing, []);
  });
});
