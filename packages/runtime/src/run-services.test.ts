import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { LogFields, Logger } from "@rollcall/telemetry";
import { Health } from "./health.ts";
import { type RunOptions, runServices } from "./run-services.ts";
import type { Service } from "./service.ts";
import { SettingFault } from "./setting-fault.ts";

class FakeHost extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

/** Two services, and everything that happened to them and in the log, in order. */
function stage(overrides: Partial<Record<"store" | "web", Partial<Service>>> = {}) {
  const happened: string[] = [];
  const service = (name: "store" | "web"): Service => ({
    name,
    start: async () => void happened.push(`start ${name}`),
    notReady: () => [],
    drain: async () => void happened.push(`drain ${name}`),
    stop: async () => void happened.push(`stop ${name}`),
    ...overrides[name],
  });
  const note = (fields: LogFields) => {
    if (!fields.event.startsWith("service.started")) happened.push(fields.event);
  };
  const logger: Logger = { debug: note, info: note, warn: note, error: note, with: () => logger };
  const host = new FakeHost();
  const health = new Health();
  const started = new EventEmitter();
  const run = (options: Partial<RunOptions> = {}) =>
    runServices({
      services: [service("store"), service("web")],
      logger,
      host,
      health,
      onStarted: () => started.emit("started"),
      ...options,
    });
  return { happened, host, health, started, run };
}

test("services start in order and, after SIGTERM, drain and stop in reverse with code 0", async () => {
  const { happened, health, host, run, started } = stage();
  const running = once(started, "started");
  const ended = run();
  assert.deepEqual(health.notStarted(), [{ service: "process", reason: "is starting" }]);
  await running;
  assert.deepEqual(health.notReady(), []);
  host.emit("SIGTERM");
  assert.equal(await ended, 0);
  assert.deepEqual(happened, [
    "start store",
    "start web",
    "process.started",
    "process.stopping",
    "drain web",
    "drain store",
    "stop web",
    "stop store",
    "process.stopped",
  ]);
  assert.equal(host.listenerCount("SIGTERM") + host.listenerCount("uncaughtException"), 0);
  assert.deepEqual(health.notReady(), [{ service: "process", reason: "is stopped" }]);
});

test("while a service starts the process says which", async () => {
  const { health, host, run, started } = stage({
    web: {
      start: async () => {
        assert.deepEqual(health.notReady(), [{ service: "web", reason: "is starting" }]);
      },
    },
  });
  started.once("started", () => host.emit("SIGTERM"));
  assert.equal(await run(), 0);
});

test("while services drain the process is live and not ready", async () => {
  const { health, host, run, started } = stage({
    web: {
      drain: async () => {
        assert.deepEqual(health.notReady(), [{ service: "process", reason: "is draining" }]);
        assert.deepEqual(health.notLive(), []);
      },
    },
  });
  started.once("started", () => host.emit("SIGINT"));
  assert.equal(await run(), 0);
});

test("before it drains, a process that was told to stop is not ready for a while and serves as before", async () => {
  const { happened, health, host, run, started } = stage();
  const running = once(started, "started");
  const ended = run({ unreadyMs: 50 });
  await running;
  host.emit("SIGTERM");
  await pause(0);
  assert.deepEqual(health.notReady(), [{ service: "process", reason: "is leaving" }]);
  assert.equal(health.phase, "running");
  assert.ok(!happened.includes("drain web"));
  assert.equal(await ended, 0);
  assert.ok(happened.includes("drain web"));
});

test("with notice it is not ready at once, and what it was so by the time of the signal counts", async () => {
  const { happened, health, host, run, started } = stage();
  const running = once(started, "started");
  const ended = run({ unreadyMs: 30 });
  await running;
  host.emit("SIGUSR2");
  host.emit("SIGUSR2");
  assert.deepEqual(health.notReady(), [{ service: "process", reason: "is leaving" }]);
  assert.deepEqual(health.notLive(), []);
  await pause(40);
  assert.deepEqual(happened.slice(2), ["process.started", "process.leaving"]);
  host.emit("SIGTERM");
  // Nothing that waits for a timer comes before this one.
  await pause(1);
  assert.ok(happened.includes("drain web"));
  assert.equal(await ended, 0);
});

test("notice during the start keeps a process from becoming ready, and not from starting", async () => {
  const { health, host, run, started } = stage({ store: { start: async () => void host.emit("SIGUSR2") } });
  const running = once(started, "started");
  const ended = run();
  await running;
  assert.deepEqual(health.notReady(), [{ service: "process", reason: "is leaving" }]);
  host.emit("SIGTERM");
  assert.equal(await ended, 0);
});

test("who leaves is ended at once by a second signal, and drains at once after a fault", async () => {
  for (const [end, code, exits] of [
    [(host: FakeHost) => host.emit("SIGTERM"), 1, [143]],
    [(host: FakeHost) => host.emit("uncaughtException", new Error("nobody caught it")), 1, []],
  ] as const) {
    const { happened, host, run, started } = stage();
    const running = once(started, "started");
    const ended = run({ unreadyMs: 600_000 });
    await running;
    host.emit("SIGTERM");
    await pause(0);
    end(host);
    assert.deepEqual(host.exits, exits);
    // The host of this test does not end.
    if (exits.length > 0) host.emit("uncaughtException", new Error("over"));
    assert.equal(await ended, code);
    assert.ok(happened.includes("drain web"));
  }
});

test("a second signal ends the process at once", async () => {
  const { host, run, started } = stage({
    web: { drain: async () => void host.emit("SIGINT") },
  });
  started.once("started", () => host.emit("SIGTERM"));
  await run();
  assert.deepEqual(host.exits, [130]);
});

for (const fault of ["uncaughtException", "unhandledRejection"]) {
  test(`${fault} is logged and ends the process in good order with code 1`, async () => {
    const { happened, health, host, run, started } = stage();
    started.once("started", () => host.emit(fault, new Error("nobody caught it")));
    assert.equal(await run(), 1);
    assert.ok(happened.includes("process.fault"));
    assert.ok(happened.includes("stop store"));
    assert.equal(health.notLive().length, 1);
  });
}

test("a start that fails stops what had begun and ends with code 1", async () => {
  const { happened, run } = stage({
    web: {
      start: async () => {
        throw new Error("address in use");
      },
    },
  });
  const onStartFailed = (service: string, error: Error) => void happened.push(`${service}: ${error.message}`);
  assert.equal(await run({ onStartFailed }), 1);
  assert.deepEqual(happened.slice(0, 3), ["start store", "service.start-failed", "web: address in use"]);
  assert.deepEqual(happened.slice(-3), ["stop web", "stop store", "process.stopped"]);
});

test("a setting that cannot be used ends with the code of wrong settings", async () => {
  const { run } = stage({
    web: {
      start: async () => {
        throw new SettingFault("tls.cert: there is no such file");
      },
    },
  });
  assert.equal(await run(), 2);
});

test("a signal during the start begins no further service", async () => {
  const { happened, host, run } = stage({
    store: { start: async () => void host.emit("SIGTERM") },
  });
  assert.equal(await run(), 0);
  assert.ok(!happened.includes("start web"));
  assert.ok(happened.includes("stop store"));
});

test("a signal ends the wait of a service that is starting, with code 0", async () => {
  const { happened, host, run } = stage({
    store: {
      start: (ending) => {
        setImmediate(() => host.emit("SIGTERM"));
        return new Promise((_, reject) => {
          ending?.addEventListener("abort", () => reject(ending.reason));
        });
      },
    },
  });
  assert.equal(await run(), 0);
  assert.deepEqual(happened, ["process.stopping", "drain store", "stop store", "process.stopped"]);
});

test("a service may be built from the one before, once that has started", async () => {
  const { happened, host, run, started } = stage();
  const named = (name: string): Service => ({
    name,
    start: async () => void happened.push(`start ${name}`),
    notReady: () => [],
    async drain() {},
    async stop() {},
  });
  async function* parts(): AsyncGenerator<Service> {
    yield named("nats");
    happened.push("build bus");
    yield named("bus");
  }
  started.once("started", () => host.emit("SIGTERM"));
  assert.equal(await run({ services: parts() }), 0);
  assert.deepEqual(happened.slice(0, 3), ["start nats", "build bus", "start bus"]);
});

test("a drain that never ends is left behind when the budget is over", async () => {
  const { happened, host, run, started } = stage({ web: { drain: () => new Promise(() => {}) } });
  started.once("started", () => host.emit("SIGTERM"));
  assert.equal(await run({ drainBudgetMs: 1 }), 0);
  assert.ok(happened.includes("service.drain-overdue"));
  assert.deepEqual(happened.slice(-3), ["stop web", "stop store", "process.stopped"]);
});

test("a drain or a stop that fails does not keep the others from theirs", async () => {
  const fail = () => Promise.reject(new Error("no"));
  const { happened, host, run, started } = stage({ web: { drain: fail, stop: fail } });
  started.once("started", () => host.emit("SIGTERM"));
  assert.equal(await run(), 0);
  assert.deepEqual(
    happened.filter((what) => what.includes("failed") || what.includes("store")),
    ["start store", "service.drain-failed", "drain store", "service.stop-failed", "stop store"],
  );
});

test("a run can be ended from within", async () => {
  const { run, started } = stage();
  const ending = new AbortController();
  started.once("started", () => ending.abort());
  assert.equal(await run({ until: ending.signal }), 0);
});
