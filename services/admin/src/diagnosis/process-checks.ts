/** What can be wrong with processes. */
import type { Finding } from "@rollcall/contracts";
import type { ClusterFacts } from "./cluster-status.ts";
import { answered, asOne, type ClusterCheck, found, type Said } from "./found.ts";

/** From which skew on delay stamps, and who came later, look wrong to people; and certificates to machines. */
const SKEW_WARNING_MS = 1_000;
const SKEW_ERROR_MS = 30_000;
/** How late timers may be: people begin to notice, and then heartbeats do. */
const LATE_WARNING_MS = 200;
const LATE_ERROR_MS = 1_000;
const WAITING_WARNING = 10_000;
/** Owners that die are replaced in less. */
const OLDEST_WARNING_MS = 10_000;
/** A connection node needs a file for each client. */
const NODE_FILES = 10_000;
const FILES_SHARE = 0.8;

export const answersCheck: ClusterCheck = {
  check: "answers",
  title: "every process that should be there answers",
  find: ({ missing, processes }) => [
    ...silent(missing, processes),
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
    ...asOne(
      processes.flatMap(({ id, status }) =>
        (status?.faults ?? []).map(
          ({ part, message }): Said => [
            id,
            found(
              "warning",
              "part-unknown",
              `%: the state of ${part} could not be told: ${message}`,
              "ask again; if it stays, look at what is behind it",
            ),
          ],
        ),
      ),
    ),
  ],
};

function silent(missing: ClusterFacts["missing"], processes: ClusterFacts["processes"]): Finding[] {
  if (missing.length === 0) return [];
  if (processes.some(({ status }) => status?.nats?.connected === false)) {
    return [
      found(
        "error",
        "process-silent",
        `${missing.length} processes cannot be asked, since the one that asks has no connection to NATS`,
        "bring NATS back first; /readyz of each process tells how it is meanwhile",
      ),
    ];
  }
  return missing.map((id) =>
    found(
      "error",
      "process-silent",
      `${id} does not answer`,
      "see whether it runs and reaches NATS, and read its log; if it is gone it leaves this list in seconds",
    ),
  );
}

export const readyCheck: ClusterCheck = {
  check: "ready",
  title: "every process takes work",
  find: (facts) =>
    asOne(
      answered(facts).flatMap(({ id, status: { notReady, phase } }): Said[] => {
        if (phase !== "draining") {
          const action = "its log says more, from the moment it began";
          return notReady.map(({ service, reason }) => [
            id,
            found("error", "not-ready", `%: ${service} ${reason}`, action),
          ]);
        }
        const action = "nothing, if you meant it; drain.budget_ms bounds it";
        return [[id, found("warning", "draining", "% was told to stop, and drains", action)]];
      }),
    ),
};

export const kindsCheck: ClusterCheck = {
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
};

export const versionsCheck: ClusterCheck = {
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
};

export const clocksCheck: ClusterCheck = {
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
};

export const lagCheck: ClusterCheck = {
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
      if (bus?.oldestMs !== undefined && bus.oldestMs >= OLDEST_WARNING_MS) {
        findings.push(
          found(
            "warning",
            "bus-stuck",
            `a message of ${id} has waited for ${Math.round(bus.oldestMs / 1_000)} s`,
            "somebody takes nothing: see who is silent, not ready or late, and whether a partition has no owner",
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
};

export const filesCheck: ClusterCheck = {
  check: "files",
  applies: ({ files }) => files !== undefined,
  title: "processes may open as many files as they need",
  find: (facts) =>
    asOne(
      answered(facts).flatMap(({ id, kind, status: { files } }): Said[] => {
        if (files === undefined) return [];
        const raise = "raise it: ulimit -n, LimitNOFILE= of systemd, or the limits of the container";
        if (files.open >= files.limit * FILES_SHARE) {
          const message = `% has ${files.open} of ${files.limit} files open`;
          return [[id, found("error", "files-used-up", message, raise)]];
        }
        if (files.limit >= NODE_FILES || (kind !== "connection" && kind !== "all-in-one")) return [];
        const message = `% may open ${files.limit} files, and needs one for each client`;
        return [[id, found("warning", "files-limit", message, raise)]];
      }),
    ),
};
