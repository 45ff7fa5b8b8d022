/** What can happen to a process, as verbs. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env: NodeJS.ProcessEnv;
  /** Whether it is up and does its work; asked again and again after a start. */
  ready(): Promise<boolean>;
}

const lookAgainMs = 20;
const patienceMs = 30_000;
const outputKept = 1_048_576;

/** A process that a test starts, hurts and starts again. It dies with the test. */
export class HarmedProcess {
  readonly spec: ProcessSpec;
  #child: ChildProcess | undefined;
  #frozen = false;
  #output = "";

  constructor(spec: ProcessSpec) {
    this.spec = spec;
  }

  get name(): string {
    return this.spec.name;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** The end of what it has printed, over all its starts. */
  get output(): string {
    return this.#output;
  }

  /** Resolves when it is ready. @throws when it ends instead, or is not ready in 30 s. */
  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    const { command, args, cwd, env, name } = this.spec;
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    const kill = (): void => {
      child.kill("SIGKILL");
    };
    process.once("exit", kill);
    const failed = once(child, "error").then(([error]) => error as Error);
    child.once("exit", () => {
      process.removeListener("exit", kill);
      if (this.#child === child) this.#child = undefined;
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-outputKept);
      });
    }
    const deadline = performance.now() + patienceMs;
    while (!(await this.spec.ready().catch(() => false))) {
      if (child.pid === undefined) throw await failed;
      if (this.#child !== child) throw new Error(`${name} ended at start: ${this.#output.slice(-2_000)}`);
      if (performance.now() > deadline) throw new Error(`${name} is not ready after ${patienceMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  }

  /** Sends a signal that ends it, and waits until it has. @returns the exit code; null after a kill. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    const exited = once(child, "exit");
    child.kill(signal);
    // One that is frozen gets no other signal but SIGKILL.
    if (this.#frozen) this.thaw();
    await exited;
    return child.exitCode;
  }

  /** Nothing is said to anybody. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  /** It keeps its connections and answers nothing. */
  freeze(): void {
    this.#frozen = this.#child?.kill("SIGSTOP") === true;
  }

  /** It goes on where it was, and knows nothing of the time that went by. */
  thaw(): void {
    this.#child?.kill("SIGCONT");
    this.#frozen = false;
  }

  async restart(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    await this.end(signal);
    await this.start();
  }
}

/** Ends and starts one process after the other, each only when the one before is ready again. */
export async function rollingRestart(processes: readonly HarmedProcess[]): Promise<void> {
  for (const one of processes) await one.restart();
}
