import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { freePorts } from "@rollcall/nats/testing";
import { HarmedProcess, rollingRestart } from "./process-faults.ts";

const script = `
  require("node:http").createServer((_, answer) => answer.end(String(process.pid))).listen(Number(process.argv[1]), "127.0.0.1");
  process.on("SIGTERM", () => process.exit(7));
`;
const [port = 0] = await freePorts(1);
const ask = (): Promise<string> =>
  fetch(`http://127.0.0.1:${port}`, { signal: AbortSignal.timeout(1_000) }).then((answer) => answer.text());
const server = new HarmedProcess({
  name: "server",
  command: process.execPath,
  args: ["-e", script, String(port)],
  env: process.env,
  ready: async () => (await ask()) !== "",
});

beforeEach(() => server.start());
after(() => server.kill());

test("a process is ready after its start, and another after a restart", async () => {
  const before = await ask();
  await rollingRestart([server]);
  assert.notEqual(await ask(), before);
});

test("a process ends as the signal says", async () => {
  assert.equal(await server.end("SIGTERM"), 7);
  await server.start();
  assert.equal(await server.end("SIGKILL"), null);
  assert.equal(server.running, false);
});

test("a frozen process answers nothing until it thaws", async () => {
  const before = await ask();
  server.freeze();
  await assert.rejects(ask());
  server.thaw();
  assert.equal(await ask(), before);
});

test("a frozen process can be ended", async () => {
  server.freeze();
  assert.equal(await server.end("SIGTERM"), 7);
});

test("a process that ends instead of being ready says so", async () => {
  const broken = new HarmedProcess({
    name: "broken",
    command: process.execPath,
    args: ["-e", "console.error('no such setting'); process.exit(2)"],
    env: process.env,
    ready: async () => false,
  });
  await assert.rejects(broken.start(), /broken ended at start: no such setting/);
});
