import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { createLogger, type LoggerOptions, type ProcessLogger } from "./create-logger.ts";
import { withSpan } from "./tracing/active-span.ts";
import type { Span } from "./tracing/span.ts";

function recorded(options: Partial<LoggerOptions> = {}): { logger: ProcessLogger; lines: string[] } {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  return {
    logger: createLogger({ level: "info", name: "rollcall", format: "json", write, ...options }),
    lines,
  };
}

test("a line is one JSON object with time, level, name, event and the fields", () => {
  const { logger, lines } = recorded();
  logger.with({ service: "roster" }).warn({ event: "roster.merged", ms: 812 });
  const { time, ...line } = JSON.parse(lines[0]!) as Record<string, unknown>;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(line, {
    level: "warn",
    name: "rollcall",
    service: "roster",
    event: "roster.merged",
    ms: 812,
  });
});

test("lines below the level are not written", () => {
  const { logger, lines } = recorded({ level: "error" });
  logger.debug({ event: "nats.fault" });
  logger.info({ event: "nats.fault" });
  logger.warn({ event: "nats.fault" });
  assert.deepEqual(lines, []);
  logger.error({ event: "nats.fault" });
  assert.equal(lines.length, 1);
});

test("an error shows its code, message, stack and cause", () => {
  const { logger, lines } = recorded();
  const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  logger.error({ event: "roster.store-failed", error: new TypeError("no store", { cause }) });
  const { error } = JSON.parse(lines[0]!) as { error: Record<string, unknown> & { cause: unknown } };
  assert.equal(error.name, "TypeError");
  assert.equal(error.message, "no store");
  assert.match(String(error.stack), /create-logger\.test/);
  assert.equal((error.cause as Record<string, unknown>).code, "ECONNREFUSED");
});

test("a circle of causes ends", () => {
  const { logger, lines } = recorded();
  const error = new Error("round");
  error.cause = error;
  logger.error({ event: "nats.fault", error });
  assert.equal(lines.length, 1);
});

test("hashed JIDs reach neither the line nor what a bound logger adds", () => {
  const { logger, lines } = recorded({ jids: "hashed" });
  logger.with({ account: "alice@example.org" }).info({ event: "nats.fault", contact: "bob@example.org" });
  assert.doesNotMatch(lines[0]!, /alice|bob/);
});

test("text is one line for people, with the stack below", () => {
  const { logger, lines } = recorded({ format: "text" });
  logger.info({ event: "http.listening", host: "127.0.0.1", reason: "two words" });
  assert.match(
    lines[0]!,
    /^\d\d:\d\d:\d\d\.\d{3} INFO {2}http\.listening host=127\.0\.0\.1 reason="two words"\n$/,
  );
  logger.error({ event: "nats.fault", error: new Error("no") });
  assert.match(lines[1]!, /ERROR nats\.fault error=no\n {4}Error: no\n/);
});

/** The events of the lines, without the notes about levels. */
function eventsOf(lines: readonly string[]): string[] {
  return lines
    .map((line) => (JSON.parse(line) as { event: string }).event)
    .filter((event) => event !== "log.level-changed");
}

test("the level is changed while it runs, for bound loggers as well", () => {
  const { logger, lines } = recorded({ level: "error" });
  const bound = logger.with({ service: "roster" });
  bound.debug({ event: "roster.merged" });
  logger.setLevel("debug");
  bound.debug({ event: "roster.gone" });
  logger.setLevel("silent");
  bound.error({ event: "roster.merged" });
  assert.deepEqual(eventsOf(lines), ["roster.gone"]);
  assert.equal(logger.level, "silent");
});

test("every change is logged, whatever the level", () => {
  const { logger, lines } = recorded({ level: "warn" });
  logger.setLevel("error", 1_000);
  const { time, ...line } = JSON.parse(lines[0]!) as Record<string, unknown>;
  assert.deepEqual(line, {
    level: "info",
    name: "rollcall",
    event: "log.level-changed",
    new_level: "error",
    for_ms: 1_000,
  });
});

test("a level for a time gives way to the last one without a time", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const { logger, lines } = recorded({ level: "warn" });
    logger.setLevel("debug", 5_000);
    mock.timers.tick(4_000);
    // A new time counts from now.
    logger.setLevel("info", 5_000);
    mock.timers.tick(4_999);
    logger.info({ event: "roster.merged" });
    mock.timers.tick(1);
    logger.info({ event: "roster.gone" });
    logger.setLevel("debug", 5_000);
    logger.setLevel("error");
    mock.timers.tick(10_000);
    logger.warn({ event: "roster.gone" });
    assert.deepEqual(eventsOf(lines), ["roster.merged"]);
    assert.equal(logger.level, "error");
  } finally {
    mock.timers.reset();
  }
});

test("an area has a level of its own, in both directions, until it is taken back", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const { logger, lines } = recorded({ level: "warn" });
    logger.setAreaLevel("roster", "debug", 1_000);
    logger.setAreaLevel("sasl", "silent");
    logger.setLevel("info");
    logger.debug({ event: "roster.merged" });
    logger.debug({ event: "presence.rebuilt" });
    logger.error({ event: "sasl.fault" });
    logger.info({ event: "presence.rebuilt" });
    mock.timers.tick(1_000);
    logger.debug({ event: "roster.gone" });
    logger.setAreaLevel("sasl", undefined);
    logger.error({ event: "sasl.busy" });
    assert.deepEqual(eventsOf(lines), ["roster.merged", "presence.rebuilt", "sasl.busy"]);
  } finally {
    mock.timers.reset();
  }
});

test("areas that there are not, and times that cannot be, are refused", () => {
  const { logger, lines } = recorded();
  assert.throws(() => logger.setAreaLevel("rooster", "debug"), /areas are .*roster/);
  for (const time of [0, -1, 1.5, Number.NaN, 2 ** 31]) {
    assert.throws(() => logger.setLevel("debug", time), RangeError);
    assert.throws(() => logger.setAreaLevel("roster", "debug", time), RangeError);
  }
  logger.debug({ event: "roster.merged" });
  assert.deepEqual(lines, []);
});

test("what is logged within a span has its ids, and nothing else has", () => {
  const { logger, lines } = recorded();
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const spanId = "b7ad6b7169203331";
  withSpan({ traceId, spanId } as Span, () =>
    logger.with({ service: "roster" }).info({ event: "roster.merged" }),
  );
  logger.info({ event: "roster.merged" });
  const ids = lines.map((line) => {
    const { trace_id, span_id } = JSON.parse(line) as Record<string, unknown>;
    return { trace_id, span_id };
  });
  assert.deepEqual(ids, [
    { trace_id: traceId, span_id: spanId },
    { trace_id: undefined, span_id: undefined },
  ]);
});

test("an event or a field that is not in the catalogue does not compile", () => {
  const { logger } = recorded({ level: "silent" });
  // @ts-expect-error no such event
  logger.info({ event: "roster.swallowed" });
  // @ts-expect-error no such field
  logger.info({ event: "roster.merged", body: "secret" });
  // @ts-expect-error no such field
  logger.with({ password: "secret" });
  // @ts-expect-error not a number
  logger.info({ event: "roster.merged", siblings: "two" });
});
