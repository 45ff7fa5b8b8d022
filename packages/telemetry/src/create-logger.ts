import { pino } from "pino";
import type { LogFields, Logger } from "./logger.ts";
import { createRedact, type JidPolicy, type Redact } from "./redact.ts";
import { formatLogLine } from "./text-format.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

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
  /** Writes out what is still buffered. Also happens by itself twice a second, and at exit. */
  flush(): void;
}

/** Bytes that wait for a stuck reader of standard output; later lines are dropped, the process is not held up. */
const bufferLimit = 16 * 1024 * 1024;

/**
 * A log that writes one JSON object a line (`time`, `level`, `name`, `event` and the fields) to standard output,
 * or lines for people on a terminal. Errors among the fields appear as name, code, message, stack and cause.
 */
export function createLogger(options: LoggerOptions): ProcessLogger {
  const text = options.format === "text" || (isAuto(options.format) && process.stdout.isTTY === true);
  const redact = createRedact(options.jids ?? "plain", options.jidsKey);
  const settings: pino.LoggerOptions = {
    level: options.level,
    base: { name: options.name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  };
  const { write } = options;
  if (write !== undefined) {
    const stream = { write: (line: string) => write(text ? formatLogLine(line, false) : line) };
    return new PinoLogger(pino(settings, stream), redact, () => {});
  }
  if (text) {
    const colour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
    const stream = { write: (line: string) => void process.stdout.write(formatLogLine(line, colour)) };
    return new PinoLogger(pino(settings, stream), redact, () => {});
  }
  const stream = pino.destination({
    dest: 1,
    sync: false,
    minLength: 4096,
    maxLength: bufferLimit,
    periodicFlush: 500,
  });
  return new PinoLogger(pino(settings, stream), redact, () => stream.flushSync());
}

function isAuto(format: LogFormat | undefined): boolean {
  return format === undefined || format === "auto";
}

class PinoLogger implements ProcessLogger {
  readonly #pino: pino.Logger;
  readonly #redact: Redact;
  readonly #flush: () => void;

  constructor(logger: pino.Logger, redact: Redact, flush: () => void) {
    this.#pino = logger;
    this.#redact = redact;
    this.#flush = flush;
  }

  debug(fields: LogFields): void {
    if (this.#pino.isLevelEnabled("debug")) this.#pino.debug(this.#prepare(fields));
  }

  info(fields: LogFields): void {
    if (this.#pino.isLevelEnabled("info")) this.#pino.info(this.#prepare(fields));
  }

  warn(fields: LogFields): void {
    if (this.#pino.isLevelEnabled("warn")) this.#pino.warn(this.#prepare(fields));
  }

  error(fields: LogFields): void {
    if (this.#pino.isLevelEnabled("error")) this.#pino.error(this.#prepare(fields));
  }

  with(fields: Readonly<Record<string, unknown>>): Logger {
    return new PinoLogger(this.#pino.child(this.#prepare(fields)), this.#redact, this.#flush);
  }

  flush(): void {
    this.#flush();
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
