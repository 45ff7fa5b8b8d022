import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type LocalCluster, type LocalProcess, planLocalCluster, usualPort } from "./plan-local-cluster.ts";
import { SupervisedProcess } from "./supervised-process.ts";

export interface RunLocalClusterOptions {
  readonly counts: Readonly<Record<"connection" | "roster" | "presence", number>>;
  readonly dataDir: string;
  readonly rollcall: readonly [command: string, ...args: string[]];
  /** The nats-server to run, or where one is already. */
  readonly nats: { readonly command: string } | { readonly servers: string };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly domain: string;
}

/**
 * `npm run cluster`: all processes of a cluster on this machine, until SIGINT or SIGTERM ends them in order. Whoever
 * dies is started again.
 * @returns the exit code: 0 after a signal, 1 where something did not start.
 */
export async function runLocalCluster(options: RunLocalClusterOptions): Promise<number> {
  const started = performance.now();
  const say = (name: string, line: string): void => {
    if (name === "nats" && line.includes("[INF]")) return;
    process.stdout.write(`${name.padEnd(12)} ${line}\n`);
  };
  const plan = planLocalCluster({
    ...options,
    portFor: usualPort,
    env: { ROLLCALL_LOG_LEVEL: options.env.ROLLCALL_LOG_LEVEL ?? "warn" },
  });
  mkdirSync(options.dataDir, { recursive: true });
  if (plan.natsConfig !== undefined) {
    mkdirSync(dirname(plan.natsConfig.file), { recursive: true });
    writeFileSync(plan.natsConfig.file, plan.natsConfig.text);
  }
  const ending = new AbortController();
  const onSignal = (): void => ending.abort();
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);

  const stages = plan.stages.map((stage) =>
    stage.map((one) => new SupervisedProcess({ plan: one, env: options.env, say })),
  );
  let code = 0;
  try {
    for (const stage of stages) {
      if (ending.signal.aborted) break;
      const all = Promise.all(stage.map((one) => one.start()));
      await Promise.race([all, aborted(ending.signal)]);
      all.catch(() => {});
    }
    if (!ending.signal.aborted) {
      process.stdout.write(greeting(plan, stages.flat(), options, performance.now() - started));
      await aborted(ending.signal);
    }
  } catch (error) {
    code = 1;
    const hint = "say in rollcall cluster --help what else to use, or see what it wrote above";
    process.stderr.write(`The cluster did not start: ${(error as Error).message}; ${hint}\n`);
  }
  for (const stage of stages.toReversed()) await Promise.all(stage.map((one) => one.end()));
  process.off("SIGINT", onSignal);
  process.off("SIGTERM", onSignal);
  return code;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}

function greeting(
  plan: LocalCluster,
  processes: readonly SupervisedProcess[],
  { dataDir, domain }: RunLocalClusterOptions,
  startedInMs: number,
): string {
  const rows = processes.map(({ plan: { name, ports }, pid }) => {
    const where = Object.entries(ports).map(([purpose, port]) => `${purposes[purpose] ?? purpose} ${port}`);
    return `  ${name.padEnd(13)} pid ${String(pid).padEnd(8)} ${where.join(", ")}`;
  });
  const of = (kind: LocalProcess["kind"]): LocalProcess | undefined =>
    plan.stages.flat().find((one) => one.kind === kind);
  return [
    `A Rollcall cluster is up after ${Math.round(startedInMs)} ms, on 127.0.0.1; it keeps its data in ${dataDir}`,
    ...rows,
    "Next, in another terminal:",
    `  npx rollcall user add romeo@${domain}`,
    `  curl http://127.0.0.1:${of("connection")?.ports.http}/readyz`,
    "  kill -9 PID      of any of them: it is started again, and nobody who is connected elsewhere notices",
    `Then log in with any XMPP client, for ${domain}, on any of the client ports. Ctrl-C stops the cluster.`,
    "",
  ].join("\n");
}

const purposes: Readonly<Record<string, string>> = {
  c2s: "clients (STARTTLS)",
  c2s_tls: "clients (TLS)",
  http: "health, metrics; of roster processes the admin interface",
  riak: "Riak's HTTP API",
  nats: "clients of NATS",
};
