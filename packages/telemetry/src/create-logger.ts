import { pino } from "pino";
import type { BoundFields, LogFields } from "./log-fields.ts";
import { type LogLevel, LogLevels } from "./log-levels.ts";
import type { Logger } from "./logger.ts";
import { createRedact, type JidPolicy, type Redact } from "./redact.ts";
import { formatLogLine } from "./text-format.ts";
import { activeSpan } from "./tracing/active-span.ts";

/** `auto` is `text` on a terminal and `json` everywhere else. */
export type LogFormat = "auto" | "json" | "text";

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Name of the program, on every line. */
  readonly name: string;
  readonly format?: LogFormat | undefined;
  readonly jids?: JidPolicy | undefined;
  /** Key of the stand-ins for JIDs under `hashed`; without one they cannot be compared across restarts. */
  readonly jidsKey?: string | undefined;
  /** Where lines go instead of standard output; for tests. */
  readonly write?: ((line: string) => void) | undefined;
}

/** The log of a whole process. */
export interface ProcessLogger extends Logger {
  /** The level of everything that has none of its own. */
  readonly level: LogLevel;
  /**
   * Changes the level, also of loggers that are bound already. With `forMs`, the last level that was set without a time
   * comes back then. The change itself is always logged.
   * @throws {RangeError} for a time that is no whole number of milliseconds from 1 to about 24 days.
   */
  setLevel(level: LogLevel, forMs?: number): void;
  /**
   * Gives the events of an area (one of `logAreas`) a level of their own, which wins over `setLevel`; `undefined` takes
   * it back.
   * @throws {RangeError} for an area that there is not, and a time as in `setLevel`.
   */
  setAreaLevel(area: string, level: LogLevel | undefined, forMs?: number): void;
  /** Writes out what is still buffered. Also happens by itself twice a second, and at exit. */
  flush(): void;
}

/** Bytes that wait for a stuck reader of standard output; later lines are dropped, the process is not held up. */
const bufferLimit = 16 * 1024 * 1024;

/**
 * A log that writes one JSON object a line (`time`, `level`, `name`, `event` and the fields) to standard output,
 * or lines for people on a terminal. What is logged within an active span has its `trace_id` and `span_id`. Errors among the fields appear as name, code, message, stack and cause.
 */
export function createLogger(options: LoggerOptions): ProcessLogger {
  const text = isForPeople(options.format);
  const redact = createRedact(options.jids ?? "plain", options.jidsKey);
  const settings: pino.LoggerOptions = {
    // `LogLevels` decides what is logged.
    level: "debug",
    base: { name: options.name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  const { write } = options;
  if (write !== undefined) {
    const stream = { write: (line: string) => write(text ? formatLogLine(line, false) : line) };
    return start(pino(settings, stream), () => {});
  }
  if (text) {
    const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
    const stream = { write: (line: string) => void process.stdout.write(formatLogLine(line, colour)) };
    return start(pino(settings, stream), () => {});
  }
  const stream = pino.destination({
    dest: 1,
    sync: false,
    minLength: 4096,
    maxLength: bufferLimit,
    periodicFlush: 500,
  });
  return start(pino(settings, stream), () => stream.flushSync());

  function start(log: pino.Logger, flush: () => void): ProcessLogger {
    const levels = new LogLevels(options.level, (area, level, forMs) => {
      log.info({
        event: "log.level-changed",
        area,
        new_level: level ?? levels.level,
        for_ms: forMs,
      } satisfies LogFields);
    });
    return new PinoLogger(log, redact, levels, flush);
  }
}

/** Whether standard output gets lines for people, and not JSON. */
export function isForPeople(format: LogFormat = "auto"): boolean {
  return format === "text" || (format === "auto" && process.stdout.isTTY === true);
}

class PinoLogger implements ProcessLogger {
  readonly #pino: pino.Logger;
  readonly #redact: Redact;
  readonly #levels: LogLevels;
  readonly #flush: () => void;

  constructor(logger: pino.Logger, redact: Redact, levels: LogLevels, flush: () => void) {
    this.#pino = logger;
    this.#redact = redact;
    this.#levels = levels;
    this.#flush = flush;
  }

  debug(fields: LogFields): void {
    if (this.#levels.isLogged("debug", fields.event)) this.#pino.debug(this.#line(fields));
  }

  info(fields: LogFields): void {
    if (this.#levels.isLogged("info", fields.event)) this.#pino.info(this.#line(fields));
  }

  warn(fields: LogFields): void {
    if (this.#levels.isLogged("warn", fields.event)) this.#pino.warn(this.#line(fields));
  }

  error(fields: LogFields): void {
    if (this.#levels.isLogged("error", fields.event)) this.#pino.error(this.#line(fields));
  }

  with(fields: BoundFields): Logger {
    return new PinoLogger(this.#pino.child(this.#prepare(fields)), this.#redact, this.#levels, this.#flush);
  }

  get level(): LogLevel {
    return this.#levels.level;
  }

  setLevel(level: LogLevel, forMs?: number): void {
    this.#levels.set(level, forMs);
  }

  setAreaLevel(area: string, level: LogLevel | undefined, forMs?: number): void {
    this.#levels.setArea(area, level, forMs);
  }

  flush(): void {
    this.#flush();
  }

  #line(fields: LogFields): Record<string, unknown> {
    const line = this.#prepare(fields);
    const span = activeSpan();
    if (span !== undefined) {
      line.trace_id = span.traceId;
      line.span_id = span.spanId;
    }
    return line;
  }

  #prepare(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const prepared: Record<string, unknown> = { ...this.#redact(fields) };
    for (const name in prepared) {
      const value = prepared[name];
      if (value instanceof Error) prepared[name] = describeError(value, 0);
    }
    return prepared;
  }
}

/** Causes deeper than this are left out: a chain may be a circle. */
const causeLimit = 4;

function describeError(error: Error, depth: number): Record<string, unknown> {
  const { code, cause } = error as Error & { code?: unknown };
  return {
    name: error.name,
    ...(code === undefined ? {} : { code }),
    message: error.message,
    stack: error.stack ?? `${error.name}: ${error.message}`,
    ...(cause instanceof Error && depth < causeLimit ? { cause: describeError(cause, depth + 1) } : {}),
  };
}
