/** One chaos run: everybody comes, does things while things go wrong, and at the end it is quiet and looked at. */
import { Cast } from "./cast.ts";
import { defaultBounds } from "./checker/history.ts";
import type { ChaosUser, ClusterUnderChaos } from "./cluster-under-chaos.ts";
import { randomFrom, weighted } from "./random.ts";
import { Recorder } from "./recorder.ts";

export interface RunOptions {
  readonly users: readonly ChaosUser[];
  readonly seed: number;
  /** With faults, and load. */
  readonly durationMs: number;
  readonly actionsPerSecond: number;
  /** Calm between the end of a fault and the next. */
  readonly calmMs: number;
  readonly faults: boolean;
  /** A stanza still on its way for longer will not come any more; default 30 s. */
  readonly deliveryMs?: number;
  readonly say: (line: string) => void;
}

const tickMs = 20;
const progressMs = 10_000;
const comingMs = 60_000;
/** Nothing received for this long is quiet. */
const quietMs = 4_000;
const longestMs = 90_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** @returns the history, ready for the checker. */
export async function runChaos(cluster: ClusterUnderChaos, options: RunOptions): Promise<Recorder> {
  const { users, seed, say } = options;
  const recorder = new Recorder();
  const cast = new Cast(users, cluster, recorder, randomFrom(seed));
  try {
    for (const client of cast.clients) {
      client.come();
      await pause(2);
    }
    await until(() => cast.clients.every((client) => client.ready), comingMs);
    await quiet(recorder);
    say(`${cast.clients.length} clients of ${users.length} users are there`);

    const ending = new AbortController();
    const trouble = options.faults ? makeTrouble(cluster, recorder, options, ending.signal) : undefined;
    await load(cast, recorder, options);
    ending.abort();
    await trouble;

    say("no more faults; waiting for quiet");
    for (const client of cast.clients) client.come();
    if (!(await until(() => cast.clients.every((client) => client.ready), longestMs))) {
      const missing = cast.clients.filter((client) => !client.ready).map(({ jid }) => jid);
      say(`not back after ${longestMs / 1_000} s: ${missing.slice(0, 5).join(", ")} (${missing.length})`);
    }
    await quiet(recorder);
    await readEverything(cast, users, cluster, recorder);
    // What was sent last had this long to arrive.
    await pause(Math.max(0, (options.deliveryMs ?? defaultBounds.deliveryMs) + 500 - quietMs));
    return recorder;
  } finally {
    const events = recorder.events.length;
    for (const client of cast.clients) client.leave("abrupt");
    recorder.events.length = events;
  }
}

async function load(cast: Cast, recorder: Recorder, options: RunOptions): Promise<void> {
  const start = recorder.now();
  let said = start;
  for (;;) {
    await pause(tickMs);
    const now = recorder.now();
    if (now - start >= options.durationMs) return;
    const due = ((now - start) / 1_000) * options.actionsPerSecond;
    while (cast.actions < due) cast.act();
    if (now - said < progressMs) continue;
    said = now;
    const online = cast.clients.filter((client) => client.ready).length;
    options.say(
      `${Math.round((now - start) / 1_000)} s: ${online} of ${cast.clients.length} online, ${recorder.events.length} events`,
    );
  }
}

async function makeTrouble(
  cluster: ClusterUnderChaos,
  recorder: Recorder,
  options: RunOptions,
  signal: AbortSignal,
): Promise<void> {
  const pick = randomFrom(options.seed + 1);
  const rest = async (ms: number): Promise<void> => {
    await until(() => signal.aborted, ms);
  };
  while (!signal.aborted) {
    await rest(options.calmMs / 2 + pick(options.calmMs));
    if (signal.aborted) return;
    const fault = weighted(
      pick,
      cluster.faults.map((one) => [one.weight, one] as const),
    );
    const before = recorder.now();
    const { target, lastsMs, end } = await fault.begin(pick);
    const over = recorder.fault(fault.verb, target, before);
    options.say(`${fault.verb}${target === undefined ? "" : ` ${target}`}`);
    await rest(lastsMs);
    await end();
    over();
  }
}

/** Reads every roster, and what requests wait, by a session of its own that comes once it is quiet. */
async function readEverything(
  cast: Cast,
  users: readonly ChaosUser[],
  cluster: ClusterUnderChaos,
  recorder: Recorder,
): Promise<void> {
  const readers = cast.readers();
  for (const reader of readers) {
    reader.come();
    await pause(2);
  }
  await until(() => readers.every((reader) => reader.ready), longestMs);
  await quiet(recorder);
  for (const [i, reader] of readers.entries()) {
    const user = users[i];
    if (!reader.ready || user === undefined) continue;
    await reader.readRoster();
    recorder.add({
      kind: "roster",
      account: `${user.username}@${cluster.domain}`,
      items: [...reader.roster.values()],
      requests: [...reader.requests],
    });
  }
}

/** Waits until nothing is received any more. */
async function quiet(recorder: Recorder): Promise<void> {
  let events = recorder.events.length;
  let since = recorder.now();
  await until(() => {
    if (recorder.events.length !== events) {
      events = recorder.events.length;
      since = recorder.now();
    }
    return recorder.now() - since >= quietMs;
  }, longestMs);
}

async function until(holds: () => boolean, patienceMs: number): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while (!holds()) {
    if (performance.now() > deadline) return false;
    await pause(tickMs);
  }
  return true;
}
