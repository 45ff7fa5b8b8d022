import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { LocalProcess } from "./plan-local-cluster.ts";

export interface SupervisedOptions {
  readonly plan: LocalProcess;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Gets every line that the process writes. */
  readonly say: (name: string, line: string) => void;
}

const LOOK_AGAIN_MS = 50;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** One that ran for so long had started well. */
const WELL_MS = 10_000;

/** A process that is started again when it dies, a little later each time. */
export class SupervisedProcess {
  readonly #options: SupervisedOptions;
  #child: ChildProcess | undefined;
  #isWanted = false;
  #pauseMs = FIRST_PAUSE_MS;
  #waking: (() => void) | undefined;
  #failure: Error | undefined;

  constructor(options: SupervisedOptions) {
    this.#options = options;
  }

  get plan(): LocalProcess {
    return this.#options.plan;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when it is ready. @throws when it ends before it has been ready once, or cannot be started at all. */
  async start(): Promise<void> {
    this.#isWanted = true;
    const child = this.#spawn();
    while (!(await isReady(this.plan.readyUrl))) {
      if (this.#failure !== undefined) throw this.#failure;
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`${this.plan.name} ended with ${child.exitCode ?? child.signalCode}`);
      }
      if (!this.#isWanted) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
    if (child === this.#child) {
      child.once("exit", () => void this.#revive());
      if (child.exitCode !== null || child.signalCode !== null) void this.#revive();
    }
  }

  /** Ends it and keeps it from coming back; resolves when it is gone. */
  async end(): Promise<void> {
    this.#isWanted = false;
    this.#waking?.();
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    await exited;
  }

  #spawn(): ChildProcess {
    const { plan, env, say } = this.#options;
    // A group of its own: Ctrl-C is for the supervisor, which ends all in order.
    const child = spawn(plan.command, plan.args, {
      env: { ...env, ...plan.env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#child = child;
    child.once("error", (error) => {
      this.#failure = new Error(`${plan.command} cannot be started: ${error.message}`, { cause: error });
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => say(plan.name, line));
    }
    return child;
  }

  async #revive(): Promise<void> {
    const { plan, say } = this.#options;
    while (this.#isWanted) {
      const ended = this.#child;
      const seconds = this.#pauseMs / 1_000;
      say(
        plan.name,
        `ended with ${ended?.exitCode ?? ended?.signalCode}; it is started again in ${seconds} s`,
      );
      await this.#pause(this.#pauseMs);
      this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
      if (!this.#isWanted) return;
      const startedAt = performance.now();
      const child = this.#spawn();
      if (child.exitCode === null && child.signalCode === null) await once(child, "close");
      if (performance.now() - startedAt > WELL_MS) this.#pauseMs = FIRST_PAUSE_MS;
    }
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#waking = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#waking = undefined;
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
