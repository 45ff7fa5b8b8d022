/** A pod of the chart, run here as a node of Kubernetes would run it: its arguments, its environment, its probes, its end. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import {
  befriendIn,
  type ClusterNode,
  eventually,
  freePorts,
  needs,
  onlineAt,
  type RunningCluster,
  startCluster,
} from "@rollcall/testkit";
import { root } from "./chart/chart-files.ts";
import { type HelmChart, helmChart } from "./chart/helm.ts";

const missing = [needs("helm"), needs("nats-server")].find(({ skip }) => skip !== false);

describe("a connection pod of the chart", missing ?? {}, () => {
  let helm: HelmChart;
  let cluster: RunningCluster;
  const folder = mkdtempSync(join(tmpdir(), "rollcall-pod-"));
  before(async () => {
    helm = helmChart();
    cluster = await startCluster({ counts: { connection: 1, roster: 1, presence: 1 } });
    await befriendIn(cluster, "romeo", "juliet");
  });
  after(async () => {
    helm?.remove();
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("starts with its settings, serves clients, and goes as preStop and SIGTERM have it", async (t) => {
    const [http = 0, c2s = 0, c2sTls = 0] = await freePorts(3);
    const settings = {
      domains: [cluster.domain],
      "data.dir": folder,
      "listen.http": `127.0.0.1:${http}`,
      "listen.c2s": `127.0.0.1:${c2s}`,
      "listen.c2s_tls": `127.0.0.1:${c2sTls}`,
      "nats.servers": cluster.env.ROLLCALL_NATS_SERVERS?.split(","),
      "riak.hosts": cluster.env.ROLLCALL_RIAK_HOSTS?.split(","),
      "tls.required": false,
    };
    const manifests = helm.template(
      "--set-json",
      `settings=${JSON.stringify(settings)}`,
      "--set",
      "nats.enabled=false,drainSeconds=30",
    );
    const named = (kind: string, name: string) =>
      manifests.find((one) => one.kind === kind && one.metadata.name === name);
    const pod = named("Deployment", "xmpp-rollcall-connection")?.spec.template.spec;
    const [container] = pod.containers;
    const env: Record<string, string | undefined> = {
      PATH: process.env.PATH,
      ...named("ConfigMap", container.envFrom[0].configMapRef.name)?.data,
    };
    for (const { name, valueFrom } of container.env) {
      const { name: secret, key } = valueFrom.secretKeyRef;
      env[name] = Buffer.from(named("Secret", secret)?.data?.[key] ?? "", "base64").toString();
    }

    const main = spawn(process.execPath, ["packages/cli/bin/rollcall.mjs", ...container.args], {
      cwd: root,
      env,
    });
    t.after(() => main.kill("SIGKILL"));
    let output = "";
    for (const stream of [main.stdout, main.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    const probe = async (which: "startupProbe" | "livenessProbe" | "readinessProbe"): Promise<boolean> => {
      assert.equal(main.exitCode, null, output);
      const url = `http://127.0.0.1:${http}${container[which].httpGet.path}`;
      return fetch(url).then(
        ({ ok }) => ok,
        () => false,
      );
    };
    await eventually("it has started", () => probe("startupProbe"));
    await eventually("it is ready", () => probe("readinessProbe"));
    assert.ok(await probe("livenessProbe"));

    const [other] = cluster.nodes as [ClusterNode];
    const romeo = await onlineAt(cluster, other, "romeo");
    const node = { name: "pod", c2s: { host: "127.0.0.1", port: c2s } } as ClusterNode;
    const juliet = await onlineAt(cluster, node, "juliet");
    await romeo.receive("presence", { from: juliet.full, type: undefined });

    const [command, ...args] = container.lifecycle.preStop.exec.command as string[];
    assert.equal(command, "node");
    // In the container the process is 1.
    const here = args.map((word) => (word === "1" ? String(main.pid) : word));
    const hook = promisify(execFile)(process.execPath, here, { cwd: root, env });
    await eventually("it is not ready", async () => !(await probe("readinessProbe")));
    assert.ok(await probe("livenessProbe"));
    juliet.send(`<message to='${romeo.full}' type='chat' id='late'><body>I must be gone</body></message>`);
    await romeo.receive("message", { id: "late", from: juliet.full });
    await hook;

    const exited = once(main, "exit");
    main.kill("SIGTERM");
    const error = await juliet.wire.take(({ name }) => name === "error", "the stream error");
    assert.equal(error.elements()[0]?.name, "system-shutdown");
    await juliet.close();
    assert.deepEqual(await exited, [0, null], output);
    await romeo.receive("presence", { from: juliet.full, type: "unavailable" });
    romeo.cut();
  });
});
