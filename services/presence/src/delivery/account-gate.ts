/**
 * Keeps the order of an account when one of its stanzas has to wait for a store or a roster: what comes after it waits
 * behind it. Accounts that wait for nothing do not appear here.
 */
export class AccountGate {
  readonly #lines = new Map<string, Line>();
  readonly #limit: number;
  readonly #idle: (() => void)[] = [];

  /** @param limit tasks that may wait for one account before `isFull`. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether something of the account is under way, so that what comes now must go through `run`. */
  isHeld(account: string): boolean {
    return this.#lines.size > 0 && this.#lines.has(account);
  }

  isFull(account: string): boolean {
    const line = this.#lines.get(account);
    return line !== undefined && line.tasks >= this.#limit;
  }

  /** Runs the task after everything of the account that is under way. Settles as the task does. */
  run(account: string, task: () => void | Promise<void>): Promise<void> {
    const line = this.#lines.get(account);
    return this.hold(account, line === undefined ? startNow(task) : line.last.then(task));
  }

  /** Holds the account until work that has begun already is over. Only for an account that is not held. */
  hold(account: string, work: Promise<void>): Promise<void> {
    let line = this.#lines.get(account);
    if (line === undefined) {
      line = { last: work, tasks: 0 };
      this.#lines.set(account, line);
    }
    const held = line;
    held.tasks += 1;
    const over = (): void => {
      held.tasks -= 1;
      if (held.tasks > 0) return;
      this.#lines.delete(account);
      if (this.#lines.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    };
    // A task that failed is its caller's to report; those behind it go on.
    held.last = work.then(over, over);
    return work;
  }

  /** Resolves when no account is held. */
  async idle(): Promise<void> {
    if (this.#lines.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }
}

interface Line {
  last: Promise<void>;
  tasks: number;
}

async function startNow(task: () => void | Promise<void>): Promise<void> {
  await task();
}
