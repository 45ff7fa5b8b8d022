/** `npm run chaos`: load and random faults, and then whether anything was lost, doubled, reordered or forgotten. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startAllInOne } from "./all-in-one.ts";
import { usersOf } from "./cast.ts";
import { check } from "./checker/check.ts";
import type { ClusterUnderChaos } from "./cluster-under-chaos.ts";
import { startLocalCluster } from "./local-cluster.ts";
import { report } from "./report.ts";
import { runChaos } from "./run.ts";

const usage = `Usage: npm run chaos -- [options]

  --minutes N    how long faults and load go on (default 10)
  --seed N       repeats the plan of actions and faults (default: a new one, which is printed)
  --users N      accounts with one to three resources each, at least 12 (default 200)
  --rate N       actions a second, of all together (default 100)
  --calm N       seconds between faults, on average (default 10)
  --no-faults    load alone
  --only VERBS   these faults alone, as killNode,freeze
  --single       the server of one process in place of a cluster of two processes of each kind
  --history FILE where the history goes, one event a line (default chaos-SEED.jsonl)
  --logs FILE    where the logs of all processes go; ROLLCALL_LOG_LEVEL sets how much there is (default warn)
  --help

Ends with 1 when the checker finds something.`;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    users: { type: "string", default: "200" },
    rate: { type: "string", default: "100" },
    calm: { type: "string", default: "10" },
    "no-faults": { type: "boolean", default: false },
    only: { type: "string" },
    single: { type: "boolean", default: false },
    history: { type: "string" },
    logs: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

function number(option: "minutes" | "seed" | "users" | "rate" | "calm", least: number): number {
  const value = Number(values[option]);
  if (!(value >= least))
    throw new Error(`--${option} wants a number of at least ${least}, not ${values[option]}`);
  return value;
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

function only(cluster: ClusterUnderChaos): ClusterUnderChaos {
  if (values.only === undefined) return cluster;
  const verbs = new Set(values.only.split(","));
  const faults = cluster.faults.filter(({ verb }) => verbs.has(verb));
  if (faults.length < verbs.size) {
    const known = cluster.faults.map(({ verb }) => verb).join(", ");
    throw new Error(`--only wants some of ${known}, not ${values.only}`);
  }
  return { ...cluster, faults };
}

async function main(): Promise<number> {
  const seed = number("seed", 0);
  const users = usersOf(number("users", 12));
  const cluster = only(await (values.single ? startAllInOne : startLocalCluster)(users));
  say(`chaos on ${cluster.name}, seed ${seed}`);
  try {
    const { events } = await runChaos(cluster, {
      users,
      seed,
      durationMs: number("minutes", 0) * 60_000,
      actionsPerSecond: number("rate", 1),
      calmMs: number("calm", 0) * 1_000,
      faults: !values["no-faults"],
      say,
    });
    const file = values.history ?? `chaos-${seed}.jsonl`;
    writeFileSync(file, events.map((event) => `${JSON.stringify(event)}\n`).join(""));
    const findings = check(events);
    process.stdout.write(`${report(events, findings)}\n\nseed ${seed}, history in ${file}\n`);
    return findings.length === 0 ? 0 : 1;
  } finally {
    if (values.logs !== undefined) writeFileSync(values.logs, cluster.output());
    await cluster.stop();
  }
}

if (values.help) process.stdout.write(`${usage}\n`);
else process.exitCode = await main();
