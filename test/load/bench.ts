/**
 * `npm run bench`: what one operation costs the server, in CPU of its whole process tree.
 *
 * Times are of this machine in this run; compare ratios, and take medians of several runs.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { ejabberd } from "./ejabberd.ts";
import type { Figure } from "./figures.ts";
import { prosody } from "./prosody.ts";
import { machine, table } from "./report.ts";
import { JEMALLOC, rollcall } from "./rollcall.ts";
import { rollcallCluster } from "./rollcall-cluster.ts";
import * as scenarios from "./scenarios.ts";
import {
  type LoadUser,
  ring,
  type ServerKind,
  type ServerUnderTest,
  withItems,
} from "./server-under-test.ts";
import { tracingVariants, xmppLogVariant } from "./variants.ts";

const usage = `Usage: npm run bench -- [options]

  --only NAMES     comma list of: login, presence, messages, roster, memory, return, scrape (default: all)
  --cluster        a cluster of processes over NATS as well, with ratios: NATS and store count too
  --nodes L        comma list of how many connection nodes it has (default 1,2,4,8)
  --peers          also Prosody and ejabberd, where they are installed, with ratios
  --tracing        Rollcall with tracing on as well: of nothing but errors, of 1 %, of everything
  --xmpp-log       Rollcall with the XMPP log on as well
  --users N        users online in login, presence and messages (default 1000)
  --connections L  comma list of connection counts for memory and scrape (default 2000,10000)
  --runs N         repeat each CPU scenario and keep the run with the median cost (default 3)
  --write FILE     put the table into a Markdown file, between <!-- bench:SECTION:start --> and …:end -->
  --section NAME   which of its sections (default all)
  --help

The server is started on free loopback ports in a temporary folder and stopped again.`;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    cluster: { type: "boolean", default: false },
    nodes: { type: "string", default: "1,2,4,8" },
    peers: { type: "boolean", default: false },
    tracing: { type: "boolean", default: false },
    "xmpp-log": { type: "boolean", default: false },
    users: { type: "string", default: "1000" },
    connections: { type: "string", default: "2000,10000" },
    runs: { type: "string", default: "3" },
    write: { type: "string" },
    section: { type: "string", default: "all" },
    help: { type: "boolean", default: false },
  },
});

const names = ["login", "presence", "messages", "roster", "memory", "return", "scrape"] as const;
type Name = (typeof names)[number];

function chosen(): ReadonlySet<Name> {
  if (values.only === undefined) return new Set(names);
  const asked = values.only.split(",");
  const unknown = asked.filter((name) => !names.includes(name as Name));
  if (unknown.length > 0) throw new Error(`no such scenario: ${unknown.join(", ")}; see --help`);
  return new Set(asked as Name[]);
}

function wholeNumber(text: string, option: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new Error(`${option} wants a whole number, not ${text}`);
  return number;
}

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function median(runs: number, work: () => Promise<Figure>): Promise<Figure> {
  const figures: Figure[] = [];
  for (let run = 0; run < runs; run += 1) figures.push(await work());
  figures.sort((a, b) => a.serverCpuMs / a.operations - b.serverCpuMs / b.operations);
  return figures[Math.floor(figures.length / 2)] as Figure;
}

async function withServer(
  kind: ServerKind,
  users: readonly LoadUser[],
  options: { jemalloc?: boolean },
  work: (server: ServerUnderTest) => Promise<void>,
): Promise<void> {
  const server = await kind.start(users, options);
  try {
    await work(server);
  } finally {
    await server.stop();
  }
}

async function benchServer(kind: ServerKind, only: ReadonlySet<Name>): Promise<Figure[]> {
  const figures: Figure[] = [];
  const keep = (figure: Figure): void => {
    figures.push(figure);
    say(table([figure]).split("\n").at(-1) ?? "");
  };
  const runs = wholeNumber(values.runs, "--runs");
  const userCount = wholeNumber(values.users, "--users");
  const crowd = ring("u", userCount, 20);
  if (only.has("login") || only.has("presence") || only.has("messages") || only.has("return")) {
    say(`${kind.name}: ${userCount} users with 20 contacts each`);
    await withServer(kind, crowd, {}, async (server) => {
      for (const [tls, endpoint] of [
        ["TCP", server.plain],
        ["TLS", server.secure],
      ] as const) {
        const clients = await scenarios.population(server, crowd, endpoint);
        if (only.has("login")) {
          keep(await median(runs, () => scenarios.login(server, crowd, clients, endpoint, `login, ${tls}`)));
        }
        if (only.has("presence")) {
          keep(
            await median(runs, () =>
              scenarios.presenceFlatOut(server, crowd, clients, 8, `presence to 20, flat out, ${tls}`),
            ),
          );
          keep(
            await scenarios.presencePaced(
              server,
              crowd,
              clients,
              50,
              8,
              `presence to 20, 50 changes/s, ${tls}`,
            ),
          );
        }
        if (only.has("messages")) {
          keep(
            await median(runs, () =>
              scenarios.messagesFlatOut(server, crowd, clients, 40, `300 B message, flat out, ${tls}`),
            ),
          );
        }
        if (only.has("return") && tls === "TCP") {
          for (const figure of await scenarios.disconnectAndReturn(server, crowd, clients, endpoint))
            keep(figure);
        }
        await scenarios.disband(clients);
      }
    });
  }
  if (only.has("roster")) {
    const small = withItems("s", 20, 100);
    const large = withItems("l", 8, 1000);
    say(`${kind.name}: rosters of 100 and 1,000 items`);
    await withServer(kind, [...small, ...large], {}, async (server) => {
      keep(await median(runs, () => scenarios.rosterGets(server, small, 50, "roster get, 100 items")));
      keep(await median(runs, () => scenarios.rosterGets(server, large, 20, "roster get, 1,000 items")));
      keep(
        await median(runs, () =>
          scenarios.rosterSets(server, small, 25, "roster set and 2 pushes, 100 items"),
        ),
      );
      keep(
        await median(runs, () =>
          scenarios.rosterSets(server, large, 10, "roster set and 2 pushes, 1,000 items"),
        ),
      );
    });
  }
  if (only.has("scrape")) {
    for (const count of values.connections.split(",").map((text) => wholeNumber(text, "--connections"))) {
      const users = ring("c", count, 4);
      await withServer(kind, users, {}, async (server) => {
        if (server.metrics === undefined) return;
        say(`${kind.name}: metrics of ${count} sessions`);
        keep(await scenarios.scrapes(server, users, server.metrics, 300, `metrics, ${count} sessions`));
      });
    }
  }
  if (only.has("memory")) {
    for (const count of values.connections.split(",").map((text) => wholeNumber(text, "--connections"))) {
      const users = ring("m", count, 20);
      const variants = kind === rollcall && JEMALLOC !== undefined ? [false, true] : [false];
      for (const jemalloc of variants) {
        say(`${kind.name}${jemalloc ? " with jemalloc" : ""}: ${count} idle connections`);
        await withServer(kind, users, { jemalloc }, async (server) => {
          keep(
            await scenarios.idleMemory(server, users, server.plain, `idle memory, ${count} connections, TCP`),
          );
        });
        await withServer(kind, users, { jemalloc }, async (server) => {
          keep(
            await scenarios.idleMemory(
              server,
              users,
              server.secure,
              `idle memory, ${count} connections, TLS`,
            ),
          );
        });
      }
    }
  }
  return figures;
}

function write(file: string, section: string, text: string): void {
  const before = readFileSync(file, "utf8");
  const start = `<!-- bench:${section}:start -->`;
  const end = `<!-- bench:${section}:end -->`;
  const from = before.indexOf(start);
  const to = before.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${file} has no ${start} … ${end}`);
  writeFileSync(file, `${before.slice(0, from + start.length)}\n${text}\n${before.slice(to)}`);
}

async function main(): Promise<void> {
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const only = chosen();
  const nodes = values.nodes.split(",").map((text) => wholeNumber(text, "--nodes"));
  const kinds = [
    rollcall,
    ...(values.cluster ? nodes.map(rollcallCluster) : []),
    ...(values.tracing ? tracingVariants : []),
    ...(values["xmpp-log"] ? [xmppLogVariant] : []),
    ...(values.peers ? [prosody, ejabberd] : []),
  ];
  const figures: Figure[] = [];
  for (const kind of kinds) {
    const why = kind.missing();
    if (why === undefined) figures.push(...(await benchServer(kind, only)));
    else say(`${kind.name} is left out: ${why}`);
  }
  const order = [...new Set(figures.map((figure) => figure.scenario))];
  figures.sort((a, b) => order.indexOf(a.scenario) - order.indexOf(b.scenario));
  const text = `${machine()}; ${new Date().toISOString().slice(0, 10)}\n\n${table(figures)}`;
  process.stdout.write(`\n${text}\n`);
  if (values.write !== undefined) write(values.write, values.section, text);
}

await main().catch((error: Error) => {
  say(error.message);
  process.exitCode = 1;
});
