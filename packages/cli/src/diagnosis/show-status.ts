import type { ClusterStatus, PartitionsRow, ProcessRow, ProcessStatus } from "@rollcall/contracts";
import { formatDuration } from "../duration.ts";
import { table } from "../output.ts";
import { countFindings, showFinding } from "./show-findings.ts";

/** The cluster in one screen: what is wrong last, where a reader's eye is. Pure. */
export function showStatus(status: ClusterStatus): string {
  const findings = status.checks.flatMap(({ findings: of }) => of);
  const sessions = status.processes
    .filter(({ kind }) => kind === "connection" || kind === "all-in-one")
    .reduce((sum, { status: of }) => sum + (of?.sessions ?? 0), 0);
  const verdict = status.healthy ? "healthy" : "not healthy";
  const headline = `Rollcall is ${verdict}: ${count(status.processes.length, "process", "processes")}, ${count(sessions, "session", "sessions")}`;
  const rows = [
    ...status.processes.map((process) => processCells(process, status)),
    ...status.missing.map((id) => [id, "", "", "", "", "does not answer"]),
  ];
  return [
    `${headline}\n\n`,
    table(
      ["process", "kind", "version", "started", "up", "state", "sessions", "late (p99)", "waiting", "clock"],
      rows,
    ),
    "\n",
    ...status.partitions.map(showPartitions),
    ...backends(status),
    findings.length === 0 ? "" : `\n${countFindings(findings)}\n`,
    ...findings.map(showFinding),
  ].join("");
}

function processCells(process: ProcessRow, { at }: ClusterStatus): string[] {
  const { id, kind, version, startedAt, status, failure, skewMs, skewErrorMs } = process;
  const state =
    status === undefined
      ? (failure ?? "unknown")
      : status.notReady.length > 0
        ? `not ready: ${status.notReady.map(({ service, reason }) => `${service} ${reason}`).join("; ")}`
        : "ready";
  return [
    id,
    kind,
    version,
    new Date(startedAt).toISOString().slice(0, 16).replace("T", " "),
    // By its own clock it started; that clock may be another one.
    formatDuration(at + skewMs - startedAt),
    state,
    status?.sessions === undefined ? "" : String(status.sessions),
    status?.eventLoop === undefined ? "" : `${status.eventLoop.p99Ms} ms`,
    waitingText(status?.bus),
    Math.abs(skewMs) <= skewErrorMs ? "agrees" : `${skewMs > 0 ? "+" : ""}${skewMs} ms`,
  ];
}

function waitingText(bus: ProcessStatus["bus"]): string {
  if (bus === undefined) return "";
  const { oldestMs, waiting } = bus;
  return oldestMs === undefined || waiting === 0
    ? String(waiting)
    : `${waiting}, ${formatDuration(oldestMs)}`;
}

function showPartitions({ service, instances, without }: PartitionsRow): string {
  const owners = Object.entries(instances).map(([id, { owns, serves }]) =>
    serves === undefined || serves === owns ? `${id} ${owns}` : `${id} ${owns} (serves ${serves})`,
  );
  const owned = Object.values(instances).reduce((sum, { owns }) => sum + owns, 0);
  const name = service === "roster-owner" ? "rosters" : "presence";
  const total = owned + without.length;
  return `${name.padEnd(13)}${owned} of ${total} partitions owned: ${owners.join(", ") || "by nobody"}\n`;
}

/** NATS, Riak and the certificates, each thing once. */
function backends({ processes, at }: ClusterStatus): string[] {
  const lines = new Set<string>();
  const add = (name: string, text: string): void => void lines.add(`${name.padEnd(13)}${text}\n`);
  const hosts = new Map<string, number>();
  // Each kind of process looks at those that it uses.
  const good = new Set<string>();
  let asked = 0;
  for (const { status } of processes) {
    if (status?.nats?.connected)
      add("NATS", `${status.nats.server ?? ""}, version ${status.nats.version ?? "?"}`);
    if (status?.riak !== undefined) {
      asked += 1;
      for (const { host, state } of status.riak.hosts) {
        hosts.set(host, (hosts.get(host) ?? 0) + (state === "open" ? 0 : 1));
      }
      const { buckets, problems } = status.riak;
      if (problems.length > 0) add("buckets", problems.join("; "));
      else for (const bucket of buckets) good.add(bucket);
    }
    const { certificate } = status ?? {};
    if (certificate !== undefined) {
      const until = new Date(certificate.notAfter).toISOString().slice(0, 10);
      const left =
        certificate.notAfter > at ? `in ${formatDuration(certificate.notAfter - at)}` : "it has expired";
      add("certificate", `${certificate.names.join(", ")} until ${until} (${left})`);
    }
  }
  if (good.size > 0) add("buckets", `${[...good].sort().join(", ")}: properties as they must be`);
  for (const [host, up] of hosts) {
    add(
      "Riak",
      up === asked ? `${host} up` : up === 0 ? `${host} down` : `${host} up for ${up} of ${asked} processes`,
    );
  }
  return [...lines];
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
