/** Runs what has the same key one at a time, in the order of the calls; different keys overlap. */
export class KeyedLock {
  readonly #last = new Map<string, Promise<void>>();

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const { promise: finished, resolve: finish } = withResolvers();
    this.#last.set(key, finished);
    try {
      await before;
      return await task();
    } finally {
      if (this.#last.get(key) === finished) this.#last.delete(key);
      finish();
    }
  }
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
