/** What has to hold while somebody attacks: memory has a bound, and everybody else is served. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { newcomer, uniqueId, type XmppClient } from "@rollcall/testkit";
import type { ServerProcess } from "./server-process.ts";

const MEGABYTE = 1_048_576;
const PAUSE_MS = 20;

export interface Bounds {
  /** By how much the resident memory of the server may grow during the attack, in MB: generous, against leaks and bursts. */
  readonly growthMb: number;
}

/**
 * Runs an attack while two people exchange messages and a third logs in, and measures from outside. Each of their
 * round trips has the patience of the test kit; how long they took is told, not judged.
 */
export async function underAttack(
  test: TestContext,
  server: ServerProcess,
  { growthMb }: Bounds,
  attack: () => Promise<void>,
): Promise<void> {
  const alice = await newcomer(server, "alice");
  const bob = await newcomer(server, "bob");
  const phone = await alice.online("phone");
  const desk = await bob.online("desk");
  await roundTrip(phone, desk);

  const before = server.residentBytes();
  let peak = before;
  let trips = 0;
  let longest = 0;
  let attacking = true;
  const measure = (): void => {
    peak = Math.max(peak, server.residentBytes());
  };
  const look = setInterval(measure, PAUSE_MS);
  const serve = async (): Promise<void> => {
    do {
      const started = performance.now();
      await roundTrip(phone, desk);
      longest = Math.max(longest, performance.now() - started);
      trips++;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    } while (attacking);
    (await alice.online("tablet")).cut();
  };
  try {
    await Promise.all([
      serve(),
      attack().finally(() => {
        attacking = false;
      }),
    ]);
    await roundTrip(phone, desk);
  } finally {
    clearInterval(look);
  }
  measure();
  server.assertAlive();
  const grownMb = (peak - before) / MEGABYTE;
  test.diagnostic(
    `${trips} round trips of others, the longest ${Math.round(longest)} ms; memory ${Math.round(before / MEGABYTE)} MB + ${Math.round(grownMb)} MB`,
  );
  assert.ok(grownMb < growthMb, `memory grew by ${Math.round(grownMb)} MB`);
  alice.leave();
  bob.leave();
}

async function roundTrip(one: XmppClient, other: XmppClient): Promise<void> {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const id = uniqueId("trip");
    from.send(`<message to='${to.full}' id='${id}' type='chat'><body>are you there?</body></message>`);
    await to.receive("message", { id, from: from.full });
  }
}
