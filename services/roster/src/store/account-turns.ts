import { carrySpan } from "@rollcall/telemetry";

/** Lets operations on one key take turns in the order of the calls; those on different keys overlap. */
export class AccountTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  run<T>(key: string, operation: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const result = before === undefined ? operation() : before.then(carrySpan(operation));
    const end = result.then(ignore, ignore);
    this.#last.set(key, end);
    void end.then(() => {
      if (this.#last.get(key) === end) this.#last.delete(key);
    });
    return result;
  }
}

function ignore(): void {}
