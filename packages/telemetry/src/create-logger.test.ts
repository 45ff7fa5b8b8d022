import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger, type LoggerOptions, type ProcessLogger } from "./create-logger.ts";

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
  logger.with({ service: "roster" }).warn({ event: "store.slow", ms: 812 });
  const { time, ...line } = JSON.parse(lines[0]!) as Record<string, unknown>;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(line, {
    level: "warn",
    name: "rollcall",
    service: "roster",
    event: "store.slow",
    ms: 812,
  });
});

test("lines below the level are not written", () => {
  const { logger, lines } = recorded({ level: "error" });
  logger.debug({ event: "a.b" });
  logger.info({ event: "a.b" });
  logger.warn({ event: "a.b" });
  assert.deepEqual(lines, []);
  logger.error({ event: "a.b" });
  assert.equal(lines.length, 1);
});

test("an error shows its code, message, stack and cause", () => {
  const { logger, lines } = recorded();
  const cause = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  logger.error({ event: "store.failed", error: new TypeError("no store", { cause }) });
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
  logger.error({ event: "a.b", error });
  assert.equal(lines.length, 1);
});

test("hashed JIDs reach neither the line nor what a bound logger adds", () => {
  const { logger, lines } = recorded({ jids: "hashed" });
  logger.with({ account: "alice@example.org" }).info({ event: "a.b", contact: "bob@example.org" });
  assert.doesNotMatch(lines[0]!, /alice|bob/);
});

test("text is one line for people, with the stack below", () => {
  const { logger, lines } = recorded({ format: "text" });
  logger.info({ event: "http.listening", host: "127.0.0.1", note: "two words" });
  assert.match(
    lines[0]!,
    /^\d\d:\d\d:\d\d\.\d{3} INFO {2}http\.listening host=127\.0\.0\.1 note="two words"\n$/,
  );
  logger.error({ event: "a.b", error: new Error("no") });
  assert.match(lines[1]!, /ERROR a\.b error=no\n {4}Error: no\n/);
});
