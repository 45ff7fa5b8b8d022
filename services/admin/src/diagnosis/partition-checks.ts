/** What can be wrong with the partitions. */
import type { Finding } from "@rollcall/contracts";
import { type ClusterCheck, found, listed } from "./found.ts";

export const partitionsCheck: ClusterCheck = {
  check: "partitions",
  applies: ({ owners }) => owners !== undefined,
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
};
