import assert from "node:assert/strict";

/** Resolves with the ms it took until the condition holds. @throws when that takes too long. */
export async function eventually(what: string, holds: () => boolean, withinMs = 30_000): Promise<number> {
  const began = performance.now();
  while (!holds()) {
    if (performance.now() - began > withinMs) assert.fail(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return performance.now() - began;
}
