import assert from "node:assert/strict";
import { after, test } from "node:test";
import { silentLogger } from "@rollcall/telemetry";
import { Health } from "./health.ts";
import { createHttpServer, type HttpPlugin } from "./http-server.ts";

async function startServer(health: Health, plugin?: HttpPlugin): Promise<string> {
  const server = createHttpServer({
    listen: { host: "127.0.0.1", port: 0 },
    health,
    logger: silentLogger,
    bodyBytes: 100,
  });
  if (plugin !== undefined) server.register(plugin);
  await server.start();
  after(() => server.stop());
  return `http://127.0.0.1:${server.address?.port}`;
}

async function get(
  url: string,
  init?: RequestInit,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, init);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test("probes tell the truth about every phase, with reasons", async () => {
  const health = new Health();
  let reasons: string[] = ["the store does not answer"];
  health.watch([
    {
      name: "roster",
      start: async () => {},
      notReady: () => reasons,
      drain: async () => {},
      stop: async () => {},
    },
  ]);
  const url = await startServer(health);

  health.serviceStarting("roster");
  const starting = { service: "roster", reason: "is starting" };
  assert.deepEqual(await get(`${url}/startupz`), {
    status: 503,
    body: { status: "not started", reasons: [starting] },
  });
  assert.equal((await get(`${url}/readyz`)).status, 503);
  assert.equal((await get(`${url}/livez`)).status, 200);

  health.enter("running");
  assert.equal((await get(`${url}/startupz`)).status, 200);
  assert.deepEqual(await get(`${url}/readyz`), {
    status: 503,
    body: { status: "not ready", reasons: [{ service: "roster", reason: "the store does not answer" }] },
  });
  reasons = [];
  assert.deepEqual(await get(`${url}/readyz`), { status: 200, body: { status: "ready", reasons: [] } });

  health.enter("draining");
  assert.equal((await get(`${url}/readyz`)).status, 503);
  health.failed("an exception was not caught");
  assert.equal((await get(`${url}/livez`)).status, 503);
});

test("errors are JSON, and what a fault says is not told", async () => {
  const url = await startServer(new Health(), (scope) => {
    scope.get("/fault", () => {
      throw new Error("the password is hunter2");
    });
    scope.post("/echo", (request) => request.body);
  });
  assert.equal((await get(`${url}/nowhere`)).body.error, "no-such-route");
  const fault = await get(`${url}/fault`);
  assert.equal(fault.status, 500);
  assert.doesNotMatch(JSON.stringify(fault.body), /hunter2/);
  const post = (body: string) =>
    get(`${url}/echo`, { method: "POST", headers: { "content-type": "application/json" }, body });
  assert.equal((await post("{")).status, 400);
  assert.equal((await post(JSON.stringify("x".repeat(200)))).status, 413);
  assert.deepEqual(await post('{"a":1}'), { status: 200, body: { a: 1 } });
});

test("a server that listens nowhere starts and stops", async () => {
  const server = createHttpServer({ listen: undefined, health: new Health(), logger: silentLogger });
  await server.start();
  assert.equal(server.address, undefined);
  await server.stop();
});
