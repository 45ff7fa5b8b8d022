/** What processes count, what `/metrics` shows of it, and what the documentation says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { describeMetrics, fieldsOf, labelsOf, metricCatalogue, prometheusName } from "@rollcall/telemetry";
import { needs, type RunningCluster, ServerProcess, startCluster } from "@rollcall/testkit";

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
    const juliet = await server.login("juliet", "secret", "balcony");
    const text = await scrape(server.http);
    assert.match(text, /^rollcall_stream_logins_total 1$/m);
    assert.match(text, /^rollcall_presence_sessions 1$/m);
    assert.match(text, /^rollcall_connection_sessions\{domain="localhost",transport="tcp"\} 1$/m);
    assert.match(text, /^rollcall_login_attempts_total\{mechanism="SCRAM-SHA-1",outcome="success"\} 1$/m);
    assert.match(text, /^rollcall_admin_account_changes_total\{change="created"\} 1$/m);
    assert.ok(!text.includes("juliet") && !text.includes("secret"));
    await juliet.close();
  });

  test("counts nothing that has no metric", async () => {
    const token = readFileSync(`${server.dataDir}/admin-token`, "utf8").trim();
    const counters = await countersOf(server.http, token);
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
    assert.match(ofKind("roster"), /^rollcall_roster_operations_total\{operation="get",outcome="done"\} 0$/m);
    for (const kind of ["connection", "presence", "roster"])
      assert.match(ofKind(kind), /^rollcall_bus_frames_total\{direction="out"\} \d/m);
    assert.match(ofKind("store"), /^process_memory_usage_bytes [1-9]/m);
  });

  test("count nothing that has no metric", async () => {
    const roster = cluster.http.find(({ name }) => name.startsWith("roster"));
    const token = readFileSync(`${cluster.folder}/data/admin-token`, "utf8").trim();
    const counters = await countersOf(roster?.url ?? "", token);
    assert.deepEqual(
      counters.filter((counter) => !listed.includes(counter)),
      [],
    );
  });

  test("show every counter of every metric: there is none that nothing counts", async () => {
    const lines = (await Promise.all(cluster.http.map(({ url }) => scrape(url)))).join("\n").split("\n");
    const missing: string[] = [];
    for (const spec of metricCatalogue) {
      const name = spec.kind === "histogram" ? `${prometheusName(spec)}_count` : prometheusName(spec);
      const samples = lines.filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
      for (const [area, fields] of Object.entries(spec.from)) {
        for (const [field, attributes] of Object.entries(fields)) {
          const labels = Object.entries(attributes).map(
            ([label, value]) => `${label.replaceAll(".", "_")}="${value}"`,
          );
          if (!samples.some((sample) => labels.every((label) => sample.includes(label))))
            missing.push(`${area}.${field}`);
        }
      }
    }
    assert.deepEqual(missing, []);
  });

  test("have no label, and no value of one, that the documentation does not have", async () => {
    const texts = await Promise.all(cluster.http.map(({ url }) => scrape(url)));
    const known = new Map(
      metricCatalogue.flatMap((spec) => {
        const name = prometheusName(spec);
        const labels = labelsOf(spec);
        if (spec.kind !== "histogram") return [[name, labels] as const];
        const withBound = new Map(labels).set("le", "bounds of buckets");
        return [
          [`${name}_bucket`, withBound],
          [`${name}_sum`, labels],
          [`${name}_count`, labels],
        ] as const;
      }),
    );
    const strange = new Set<string>();
    for (const sample of texts.join("\n").split("\n")) {
      const [, name = "", text = ""] = /^(\w+)(?:\{(.*)\})? \S+$/.exec(sample) ?? [];
      if (name === "" || name === "target_info") continue;
      for (const [, label = "", value = ""] of text.matchAll(/(\w+)="([^"]*)"/g)) {
        const values = known.get(name)?.get(label);
        if (values === undefined || (typeof values !== "string" && !values.includes(value)))
          strange.add(`${name}{${label}="${value}"}`);
      }
    }
    assert.deepEqual([...strange], []);
  });
});
