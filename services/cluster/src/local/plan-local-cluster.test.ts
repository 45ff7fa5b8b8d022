import assert from "node:assert/strict";
import { test } from "node:test";
import { planLocalCluster, usualPort } from "./plan-local-cluster.ts";

const usual = {
  counts: { connection: 2, roster: 2, presence: 2 },
  dataDir: "data",
  rollcall: ["node", "rollcall.js"],
  nats: { command: "nats-server" },
  portFor: usualPort,
} as const;

test("what others stand on starts first, and what connection nodes share is made by one", () => {
  const names = planLocalCluster(usual).stages.map((stage) => stage.map(({ name }) => name));
  assert.deepEqual(names, [
    ["nats", "store"],
    ["roster-1", "roster-2", "presence-1", "presence-2", "connection-1"],
    ["connection-2"],
  ]);
});

test("no port is used twice", () => {
  const counts = { connection: 10, roster: 10, presence: 10 };
  const ports = planLocalCluster({ ...usual, counts })
    .stages.flat()
    .flatMap((process) => Object.values(process.ports));
  assert.equal(new Set(ports).size, ports.length);
});

test("every process gets its addresses, those of NATS and the store, and what holds for all", () => {
  const processes = planLocalCluster({ ...usual, env: { ROLLCALL_DOMAINS: "example.org" } }).stages.flat();
  const connection = processes.find(({ name }) => name === "connection-2");
  assert.deepEqual(connection, {
    name: "connection-2",
    kind: "connection",
    command: "node",
    args: ["rollcall.js", "connection"],
    env: {
      ROLLCALL_DOMAINS: "example.org",
      ROLLCALL_DATA_DIR: "data",
      ROLLCALL_NATS_SERVERS: "127.0.0.1:4222",
      ROLLCALL_RIAK_HOSTS: "127.0.0.1:8098",
      ROLLCALL_LISTEN_C2S: "127.0.0.1:5232",
      ROLLCALL_LISTEN_C2S_TLS: "127.0.0.1:5233",
      ROLLCALL_LISTEN_HTTP: "127.0.0.1:8121",
    },
    ports: { c2s: 5232, c2s_tls: 5233, http: 8121 },
    readyUrl: "http://127.0.0.1:8121/readyz",
  });
});

test("a NATS and a Riak that are there already are not started", () => {
  const { stages, natsConfig } = planLocalCluster({
    ...usual,
    nats: { servers: "nats.example:4222" },
    riak: "riak.example:8098",
  });
  assert.equal(natsConfig, undefined);
  const processes = stages.flat();
  assert.ok(!processes.some(({ kind }) => kind === "nats" || kind === "store"));
  assert.ok(processes.every(({ env }) => env.ROLLCALL_RIAK_HOSTS === "riak.example:8098"));
});
