/** What can be wrong with Riak and NATS. */
import type { Finding } from "@rollcall/contracts";
import { answered, asOne, type ClusterCheck, found, listed, type Said } from "./found.ts";

/** What the leases need of JetStream. */
const NATS_LEAST = [2, 9, 10] as const;

export const riakCheck: ClusterCheck = {
  check: "riak",
  applies: ({ riak }) => riak !== undefined,
  title: "Riak answers, and its buckets have the properties that they must have",
  find: (facts) => {
    const said: Said[] = [];
    // Others see the same buckets; each sentence once.
    const problems = new Set<string>();
    for (const { id, status } of answered(facts)) {
      const { riak } = status;
      if (riak === undefined) continue;
      const down = riak.hosts.filter(({ state }) => state === "open").map(({ host }) => host);
      const all = down.length > 0 && down.length === riak.hosts.length;
      if (down.length > 0) {
        said.push([
          id,
          found(
            all ? "error" : "warning",
            "riak-down",
            `% gets no answer from ${all ? "any Riak host" : "Riak"}: ${listed(down)}`,
            "see whether Riak runs there, and whether riak.hosts names its HTTP port",
          ),
        ]);
      } else if (riak.fault !== undefined) {
        said.push([
          id,
          found(
            "error",
            "riak-silent",
            `% cannot look at the buckets: ${riak.fault}`,
            "Riak is slow, or too few of its nodes are up: ask again, and look at its own status",
          ),
        ]);
      }
      for (const problem of riak.problems) problems.add(problem);
    }
    const findings = asOne(said);
    for (const problem of problems) {
      findings.push(
        found(
          "error",
          "bucket-properties",
          problem,
          "something has changed the bucket; rollcall buckets apply puts it right, without a restart",
        ),
      );
    }
    return findings;
  },
};

export const natsCheck: ClusterCheck = {
  check: "nats",
  applies: ({ nats }) => nats !== undefined,
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
};

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
