import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "./eventually.ts";
import { KeptLog } from "./kept-log.ts";
import type { RunningServer } from "./start-server.ts";
import { story } from "./story.ts";

test("a story that fails shows what the server had logged of trouble, the last lines of it", async () => {
  const log = new KeptLog();
  const logger = log.logger.with({ service: "roster" });
  logger.warn({ event: "riak.host-down", host: "riak-1" });
  for (let line = 0; line < 24; line += 1) {
    logger.debug({ event: "session.bound" });
    logger.debug({ event: "bus.not-answered", line, error: new Error("no store") });
  }
  const server = { trouble: () => log.lines() } as unknown as RunningServer;
  const failing = story(server, [], () => Promise.reject(new Error("nothing came")));
  await assert.rejects(failing, ({ stack = "" }: Error) => {
    assert.match(stack, /^Error: nothing came\n/);
    assert.match(stack, /\d ms: riak\.host-down service="roster" host="riak-1"\n/);
    assert.match(stack, /bus\.not-answered service="roster" line=23 error=Error: no store$/);
    assert.doesNotMatch(stack, /session\.bound/);
    return true;
  });
  logger.error({ event: "bus.fault" });
  assert.equal(log.lines().length, 25, "no more than reporters show");
  logger.error({ event: "bus.fault" });
  assert.equal(log.lines().length, 25);
  assert.doesNotMatch(log.lines().join("\n"), /riak\.host-down/);
  log.stop();
});

test("the log shows when the process stood still", async () => {
  const log = new KeptLog();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
  await eventually("it is noticed", () => /stood still for \d{3,} ms/.test(log.lines().join("\n")));
  log.stop();
});
