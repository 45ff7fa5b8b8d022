/**
 * What can be wrong with a cluster, a check each: what has to be true, and what is found where it is not, with what to do.
 * Pure; a new check is an entry of the list.
 */
import type { Finding, ProcessRow, ProcessStatus, Severity } from "@rollcall/contracts";
import type { ClusterFacts } from "./cluster-status.ts";

export interface ClusterCheck {
  readonly check: string;
  /** What is true when nothing is found. */
  readonly title: string;
  readonly find: (facts: ClusterFacts) => readonly Finding[];
}

/** From which skew on delay stamps, and who came later, look wrong to people; and certificates to machines. */
const SKEW_WARNING_MS = 1_000;
const SKEW_ERROR_MS = 30_000;
/** How late timers may be: people begin to notice, and then heartbeats do. */
const LATE_WARNING_MS = 200;
const LATE_ERROR_MS = 1_000;
const WAITING_WARNING = 10_000;
const DAY_MS = 86_400_000;
const EXPIRY_WARNING_DAYS = 30;
const EXPIRY_ERROR_DAYS = 7;
/** A connection node needs a file for each client. */
const NODE_FILES = 10_000;
const FILES_SHARE = 0.8;
/** What the leases need of JetStream. */
const NATS_LEAST = [2, 9, 10] as const;

type Answered = ProcessRow & { readonly status: ProcessStatus };

const found = (severity: Severity, code: string, message: string, action: string): Finding => ({
  severity,
  code,
  message,
  action,
});

function answered({ processes }: ClusterFacts): Answered[] {
  return processes.filter((process): process is Answered => process.status !== undefined);
}

/** `1, 2, 3 and 9 more`. */
function listed(items: readonly (string | number)[]): string {
  const shown = items.slice(0, 5).join(", ");
  return items.length > 5 ? `${shown} and ${items.length - 5} more` : shown;
}

export const clusterChecks: readonly ClusterCheck[] = [
  {
    check: "answers",
    title: "every process that should be there answers",
    find: ({ missing, processes }) => [
      ...missing.map((id) =>
        found(
          "error",
          "process-silent",
          `${id} does not answer`,
          "see whether it runs and reaches NATS, and read its log; if it is gone it leaves this list in seconds",
        ),
      ),
      ...processes
        .filter(({ status }) => status === undefined)
        .map(({ id, failure }) =>
          found(
            "warning",
            "status-unknown",
            `${id} could not tell how it is: ${failure}`,
            "read its log; after an upgrade, restart what still has the old version",
          ),
        ),
      ...answered({ processes } as ClusterFacts).flatMap(({ id, status }) =>
        status.faults.map(({ part, message }) =>
          found(
            "warning",
            "part-unknown",
            `${id} could not tell how its ${part} is: ${message}`,
            "ask again; if it stays, look at what is behind it",
          ),
        ),
      ),
    ],
  },
  {
    check: "ready",
    title: "every process takes work",
    find: (facts) =>
      answered(facts).flatMap(({ id, status }) =>
        status.phase === "draining"
          ? [
              found(
                "warning",
                "draining",
                `${id} was told to stop, and drains`,
                "nothing, if you meant it; drain.budget_ms bounds it",
              ),
            ]
          : status.notReady.map(({ service, reason }) =>
              found(
                "error",
                "not-ready",
                `${id}: ${service} ${reason}`,
                "its log says more, from the moment it began",
              ),
            ),
      ),
  },
  {
    check: "kinds",
    title: "there is a process for each part of the work",
    find: ({ processes }) => {
      const kinds = new Set(processes.map(({ kind }) => kind));
      if (kinds.has("all-in-one")) return [];
      return (["connection", "roster", "presence"] as const)
        .filter((kind) => !kinds.has(kind))
        .map((kind) =>
          found("error", "no-process", `no ${kind} process answers`, `start one: rollcall ${kind}`),
        );
    },
  },
  {
    check: "versions",
    title: "all processes have the same version",
    find: ({ processes }) => {
      const versions = [...new Set(processes.map(({ version }) => version))].sort();
      if (versions.length < 2) return [];
      const counts = versions.map(
        (version) => `${version} (${processes.filter((process) => process.version === version).length})`,
      );
      return [
        found(
          "warning",
          "versions-differ",
          `the processes have ${counts.join(" and ")}`,
          "finish the upgrade, or go back; neighbouring versions work together for as long as that takes",
        ),
      ];
    },
  },
  {
    check: "partitions",
    title: "every partition of rosters and presence is owned and served",
    find: ({ partitions, processes }) =>
      partitions.flatMap(({ service, instances, without }) => {
        const kind = service === "roster-owner" ? "roster" : "presence";
        const findings: Finding[] = [];
        if (without.length > 0) {
          findings.push(
            found(
              "error",
              "no-owner",
              `${without.length} partitions have no ${kind} owner: ${listed(without)}`,
              `start a ${kind} process if there is none; after a death others take over within ownership.lease_ms`,
            ),
          );
        }
        for (const [id, { owns, serves }] of Object.entries(instances)) {
          if (serves !== undefined && serves < owns) {
            findings.push(
              found(
                "warning",
                "not-served",
                `${id} owns ${owns} partitions and serves ${serves} of them so far`,
                "ask again in seconds; if it stays, the log of that process says what it waits for",
              ),
            );
          }
        }
        const served = processes.flatMap(
          ({ status }) => status?.serves?.find((each) => each.service === service)?.partitions ?? [],
        );
        const twice = [...new Set(served.filter((one, at) => served.indexOf(one) !== at))];
        if (twice.length > 0) {
          findings.push(
            found(
              "warning",
              "served-twice",
              `two ${kind} processes say that they serve partitions ${listed(twice)}`,
              "ask again: they may have moved between two answers; if it stays, restart the older process",
            ),
          );
        }
        return findings;
      }),
  },
  {
    check: "clocks",
    title: "the clocks of the processes agree",
    find: ({ processes }) =>
      processes
        .filter(({ skewMs, skewErrorMs }) => Math.abs(skewMs) - skewErrorMs >= SKEW_WARNING_MS)
        .map(({ id, skewMs, skewErrorMs }) =>
          found(
            Math.abs(skewMs) - skewErrorMs >= SKEW_ERROR_MS ? "error" : "warning",
            "clock-skew",
            `the clock of ${id} is ${(Math.abs(skewMs) / 1_000).toFixed(1)} s ${skewMs > 0 ? "ahead" : "behind"}`,
            "let NTP set the clock of its machine; delay stamps and the order of sessions depend on it",
          ),
        ),
  },
  {
    check: "lag",
    title: "event loops are on time, and nothing piles up on the bus",
    find: (facts) =>
      answered(facts).flatMap(({ id, status: { eventLoop, bus } }) => {
        const findings: Finding[] = [];
        if (eventLoop !== undefined && eventLoop.p99Ms >= LATE_WARNING_MS) {
          findings.push(
            found(
              eventLoop.p99Ms >= LATE_ERROR_MS ? "error" : "warning",
              "event-loop-late",
              `timers of ${id} are ${eventLoop.p99Ms} ms late (p99)`,
              "it has more to do than one CPU can: start another process of its kind, or look for a swapping or throttled machine",
            ),
          );
        }
        if (bus !== undefined && bus.waiting >= WAITING_WARNING) {
          findings.push(
            found(
              "warning",
              "bus-waiting",
              `${bus.waiting} messages of ${id} wait for others`,
              "see which process is late or silent; Riak that is slow shows here as well",
            ),
          );
        }
        return findings;
      }),
  },
  {
    check: "certificate",
    title: "the certificates that clients see are valid, and for all domains",
    find: (facts) =>
      answered(facts).flatMap(({ id, status: { certificate } }) => {
        if (certificate === undefined) return [];
        const { missing, notAfter, notBefore, selfSigned } = certificate;
        const findings: Finding[] = [];
        const days = Math.floor((notAfter - facts.at) / DAY_MS);
        const renew = "renew it; new files at tls.cert and tls.key are in use within 30 s, without a restart";
        if (notAfter <= facts.at) {
          findings.push(found("error", "certificate-expired", `the certificate of ${id} has expired`, renew));
        } else if (days < EXPIRY_WARNING_DAYS) {
          const severity = days < EXPIRY_ERROR_DAYS ? "error" : "warning";
          const message = `the certificate of ${id} expires in ${days} days`;
          findings.push(found(severity, "certificate-expires", message, renew));
        }
        if (notBefore > facts.at) {
          findings.push(
            found(
              "error",
              "certificate-not-yet-valid",
              `the certificate of ${id} is not valid yet`,
              "compare the clock of the machine with the certificate",
            ),
          );
        }
        if (missing.length > 0) {
          findings.push(
            found(
              "error",
              "certificate-names",
              `the certificate of ${id} is not for ${listed(missing)}`,
              "get one that names every domain of the setting domains",
            ),
          );
        }
        if (selfSigned) {
          findings.push(
            found(
              "warning",
              "certificate-self-signed",
              `the certificate of ${id} is signed by itself`,
              "clients refuse it unless they were told to trust it: set tls.cert and tls.key",
            ),
          );
        }
        return findings;
      }),
  },
  {
    check: "riak",
    title: "Riak answers, and its buckets have the properties that they must have",
    find: (facts) => {
      const findings: Finding[] = [];
      // Others see the same buckets; each sentence once.
      const problems = new Set<string>();
      for (const { id, status } of answered(facts)) {
        const { riak } = status;
        if (riak === undefined) continue;
        const down = riak.hosts.filter(({ state }) => state === "open").map(({ host }) => host);
        const all = down.length > 0 && down.length === riak.hosts.length;
        if (down.length > 0) {
          findings.push(
            found(
              all ? "error" : "warning",
              "riak-down",
              `${id} gets no answer from ${all ? "any Riak host" : "Riak"}: ${listed(down)}`,
              "see whether Riak runs there, and whether riak.hosts names its HTTP port",
            ),
          );
        }
        for (const problem of riak.problems) problems.add(problem);
      }
      for (const problem of problems) {
        findings.push(
          found(
            "error",
            "bucket-properties",
            problem,
            "something has changed the bucket; a process that starts puts it right: restart one roster process",
          ),
        );
      }
      return findings;
    },
  },
  {
    check: "nats",
    title: "NATS is connected, new enough, and keeps the leases on as many servers as it should",
    find: (facts) => {
      const findings: Finding[] = [];
      const told = new Set<string>();
      const once = (finding: Finding): void => {
        if (told.has(finding.message)) return;
        told.add(finding.message);
        findings.push(finding);
      };
      for (const { id, status } of answered(facts)) {
        const { nats } = status;
        if (nats === undefined) continue;
        if (!nats.connected) {
          once(
            found(
              "error",
              "nats-away",
              `${id} has no connection to NATS`,
              "see whether NATS runs at nats.servers and takes the login; it is tried again until it does",
            ),
          );
        }
        if (nats.version !== undefined && isOlder(nats.version, NATS_LEAST)) {
          once(
            found(
              "error",
              "nats-old",
              `NATS at ${nats.server} has version ${nats.version}`,
              `upgrade it to ${NATS_LEAST.join(".")} or later`,
            ),
          );
        }
        for (const { bucket, replicas, current, wanted } of nats.buckets ?? []) {
          if (replicas < wanted) {
            once(
              found(
                "warning",
                "replicas",
                `the JetStream bucket ${bucket} has ${replicas} replicas, and nats.replicas says ${wanted}`,
                `nats stream edit KV_${bucket} --replicas ${wanted}; the setting counts for new buckets only`,
              ),
            );
          }
          if (current < replicas) {
            once(
              found(
                "warning",
                "replicas-behind",
                `of the ${replicas} replicas of the JetStream bucket ${bucket} ${current} are up to date`,
                "see whether all NATS servers run: with less than half of them the leases stand still",
              ),
            );
          }
        }
      }
      return findings;
    },
  },
  {
    check: "files",
    title: "processes may open as many files as they need",
    find: (facts) =>
      answered(facts).flatMap(({ id, kind, status: { files } }) => {
        if (files === undefined) return [];
        const raise = "raise it: ulimit -n, LimitNOFILE= of systemd, or the limits of the container";
        if (files.open >= files.limit * FILES_SHARE) {
          const message = `${id} has ${files.open} of ${files.limit} files open`;
          return [found("error", "files-used-up", message, raise)];
        }
        if (files.limit >= NODE_FILES || (kind !== "connection" && kind !== "all-in-one")) return [];
        return [
          found(
            "warning",
            "files-limit",
            `${id} may open ${files.limit} files, and needs one for each client`,
            raise,
          ),
        ];
      }),
  },
];

/** Whether a version is older than the least one. What is no version is taken for new. */
function isOlder(version: string, least: readonly number[]): boolean {
  const numbers = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (numbers === undefined) return false;
  for (const [place, number] of numbers.entries()) {
    const other = least[place] ?? 0;
    if (number !== other) return number < other;
  }
  return false;
}
