import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { type ClusterParts, clusterFaults, type Harmable } from "./cluster-faults.ts";

const log: string[] = [];
beforeEach(() => {
  log.length = 0;
});

function part(name: string): Harmable {
  const does = (what: string) => async () => {
    log.push(`${what} ${name}`);
  };
  return {
    name,
    running: true,
    start: does("start"),
    kill: does("kill"),
    restart: does("restart"),
    freeze: () => log.push(`freeze ${name}`),
    thaw: () => log.push(`thaw ${name}`),
  };
}

const parts: ClusterParts = {
  connection: [part("connection-1"), part("connection-2")],
  roster: [part("roster-1")],
  presence: [part("presence-1")],
  nats: part("nats"),
  store: part("store"),
  storeProxy: { fault: (fault) => log.push(`store ${JSON.stringify(fault)}`) },
};
const faults = clusterFaults(parts);

test("a killed node is named, and started again when the harm is undone", async () => {
  const { target, undo } = await faults.killNode(3);
  assert.equal(target, "connection-2");
  assert.deepEqual(log, ["kill connection-2"]);
  await undo();
  assert.deepEqual(log, ["kill connection-2", "start connection-2"]);
});

test("a node and a presence instance die together and come back together", async () => {
  const { undo } = await faults.killNodeAndPresence(0, 0);
  assert.deepEqual(log, ["kill connection-1", "kill presence-1"]);
  await undo();
  assert.deepEqual(log.slice(2), ["start connection-1", "start presence-1"]);
});

test("a frozen process thaws", async () => {
  const { undo } = await faults.freeze(part("roster-1"));
  await undo();
  assert.deepEqual(log, ["freeze roster-1", "thaw roster-1"]);
});

test("the store fails by the proxy, and does no longer when that is undone", async () => {
  const { undo } = await faults.failingStore(0.5, true);
  await undo();
  assert.deepEqual(log, ['store {"kind":"failing","share":0.5,"written":true}', 'store {"kind":"none"}']);
});

test("a restart of NATS or the store is over when it resolves", async () => {
  await (await faults.restartNats()).undo();
  await (await faults.restartStore()).undo();
  assert.deepEqual(log, ["kill nats", "start nats", "kill store", "start store"]);
});

test("a rolling restart takes the connection nodes last", async () => {
  await faults.rollingRestart();
  const restarts = ["restart roster-1", "restart presence-1", "restart connection-1", "restart connection-2"];
  assert.deepEqual(log, restarts);
});
