import assert from "node:assert/strict";
import { test } from "node:test";
import { CounterRegistry, silentLogger } from "@rollcall/telemetry";
import { Health } from "./health.ts";
import { createHttpServer } from "./http-server.ts";
import { serveMetrics } from "./serve-metrics.ts";
import { SettingFault } from "./setting-fault.ts";

function openServer(health: Health, endpoint?: string) {
  const http = createHttpServer({ listen: { host: "127.0.0.1", port: 0 }, health, logger: silentLogger });
  serveMetrics(http, {
    settings: { "otlp.endpoint": endpoint, "otlp.headers": undefined, "metrics.push_seconds": 60 },
    health,
    logger: silentLogger,
    registry: new CounterRegistry(),
    service: "rollcall-test",
    version: undefined,
    instanceId: "test-1",
  });
  return http;
}

test("the phase of the process and its readiness are metrics", async () => {
  const health = new Health();
  const http = openServer(health);
  await http.start();
  const read = async (accept = "*/*") => {
    const answer = await fetch(`http://127.0.0.1:${http.address?.port}/metrics`, { headers: { accept } });
    return { type: answer.headers.get("content-type") ?? "", text: await answer.text() };
  };
  health.enter("running");
  const running = await read();
  assert.match(running.type, /^text\/plain; version=0\.0\.4/);
  assert.match(running.text, /^rollcall_process_phase\{phase="running"\} 1$/m);
  assert.match(running.text, /^rollcall_process_phase\{phase="draining"\} 0$/m);
  assert.match(running.text, /^rollcall_process_ready 1$/m);
  assert.match(running.text, /^rollcall_process_draining_seconds 0$/m);
  health.enter("draining");
  const draining = await read("application/openmetrics-text");
  assert.match(draining.type, /^application\/openmetrics-text; version=1\.0\.0/);
  assert.match(draining.text, /^rollcall_process_phase\{phase="draining"\} 1$/m);
  assert.match(draining.text, /^rollcall_process_ready 0$/m);
  assert.match(draining.text, /^rollcall_process_draining_seconds [0-9.e-]*[1-9]/m);
  await http.stop();
});

test("a collector that cannot be one keeps the process from starting", async () => {
  const http = openServer(new Health(), "collector:4318");
  await assert.rejects(() => http.start(), SettingFault);
});
