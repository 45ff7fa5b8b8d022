import assert from "node:assert/strict";

const PATIENCE_MS = 15_000;

/** Waits until the check passes; for what the server does after the client has seen all that it will see. */
export async function eventually(check: () => void): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      check();
      return;
    } catch (error) {
      if (!(error instanceof assert.AssertionError) || Date.now() > end) throw error;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}
