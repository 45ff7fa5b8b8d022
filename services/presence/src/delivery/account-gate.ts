import { carrySpan } from "@rollcall/telemetry";

/**
 * Keeps the order of an account when one of its stanzas has to wait for a store or a roster: what comes after it waits
 * behind it. Accounts that wait for nothing do not appear here.
 */
export class AccountGate {
  /** What waits for each account, behind the task under way. */
  readonly #lines = new Map<string, Task[]>();
  readonly #limit: number;
  readonly #idle: (() => void)[] = [];

  /** @param limit tasks that an account may have under way and waiting before `isFull`. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether something of the account is under way, so that what comes now must go through `run`. */
  isHeld(account: string): boolean {
    return this.#lines.size > 0 && this.#lines.has(account);
  }

  isFull(account: string): boolean {
    const line = this.#lines.get(account);
    return line !== undefined && line.length + 1 >= this.#limit;
  }

  /** Runs the task after everything of the account that is under way or waiting. Settles as the task does. */
  run(account: string, task: () => void | Promise<void>): Promise<void> {
    const line = this.#lines.get(account);
    if (line === undefined) return this.hold(account, startNow(task));
    return new Promise((resolve, reject) => {
      line.push(settling(carrySpan(task), resolve, reject));
    });
  }

  /** Runs the task after what is under way, before everything that waits. Settles as the task does. */
  runNext(account: string, task: () => void | Promise<void>): Promise<void> {
    const line = this.#lines.get(account);
    if (line === undefined) return this.hold(account, startNow(task));
    return new Promise((resolve, reject) => {
      line.unshift(settling(carrySpan(task), resolve, reject));
    });
  }

  /** Holds the account until work that has begun already is over. Only for an account that is not held. */
  hold(account: string, work: Promise<void>): Promise<void> {
    const line: Task[] = [];
    this.#lines.set(account, line);
    this.#follow(account, line, work);
    return work;
  }

  /** Resolves when no account is held. */
  async idle(): Promise<void> {
    if (this.#lines.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #follow(account: string, line: Task[], work: Promise<void>): void {
    const over = (): void => {
      if (line.length > 0) {
        // A store in this process answers at once: without this a long line would keep everybody else waiting. Who is
        // next shows only then, since `runNext` may come meanwhile.
        setImmediate(() => this.#follow(account, line, (line.shift() as Task)()));
        return;
      }
      this.#lines.delete(account);
      if (this.#lines.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    };
    // A task that failed is its caller's to report; those behind it go on.
    work.then(over, over);
  }
}

/** Starts something; the promise tells when it is over. */
type Task = () => Promise<void>;

function settling(
  task: () => void | Promise<void>,
  resolve: () => void,
  reject: (error: unknown) => void,
): Task {
  return () => {
    const work = startNow(task);
    work.then(resolve, reject);
    return work;
  };
}

async function startNow(task: () => void | Promise<void>): Promise<void> {
  await task();
}
