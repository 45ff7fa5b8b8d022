import type { LogFields, Logger } from "@rollcall/telemetry";

/** Lines below a warning that tell why somebody got an error. */
const telling: ReadonlySet<string> = new Set(["bus.not-answered", "riak.host-up", "stanza.bounced"]);
/** Every test server says these. */
const usual: ReadonlySet<string> = new Set(["tls.not-required", "tls.self-signed"]);

/** Reporters cut long errors off. */
const MOST_LINES = 25;
const LOOK_MS = 100;
const STOOD_STILL_MS = 500;

/**
 * The log of a test server, of which the last lines that tell of trouble are kept, to be shown when a story fails. When
 * the process stood still is among them, since that explains much of what happens on a busy machine.
 */
export class KeptLog {
  readonly logger: Logger = this.#loggerWith({});
  readonly #startedAt = performance.now();
  readonly #lines: string[] = [];
  readonly #timer: NodeJS.Timeout;
  #lookedAt = this.#startedAt;

  constructor() {
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  /** Oldest first, with the time since the start in milliseconds. */
  lines(): readonly string[] {
    return this.#lines;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #loggerWith(fields: Readonly<Record<string, unknown>>): Logger {
    const keep = (line: LogFields): void => this.#keep({ ...fields, ...line });
    const keepTelling = (line: LogFields): void => {
      if (telling.has(line.event)) keep(line);
    };
    return {
      debug: keepTelling,
      info: keepTelling,
      warn: keep,
      error: keep,
      with: (more) => this.#loggerWith({ ...fields, ...more }),
    };
  }

  #keep({ event, ...fields }: LogFields): void {
    if (usual.has(event)) return;
    const said = Object.entries(fields).map(
      ([name, value]) => `${name}=${value instanceof Error ? String(value) : JSON.stringify(value)}`,
    );
    this.#push(`${event} ${said.join(" ")}`);
  }

  #look(): void {
    const now = performance.now();
    const late = now - this.#lookedAt - LOOK_MS;
    this.#lookedAt = now;
    if (late > STOOD_STILL_MS) this.#push(`(the process stood still for ${Math.round(late)} ms)`);
  }

  #push(line: string): void {
    this.#lines.push(`${Math.round(performance.now() - this.#startedAt)} ms: ${line}`);
    if (this.#lines.length > MOST_LINES) this.#lines.shift();
  }
}
