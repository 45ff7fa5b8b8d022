/** The faults of a cluster as a chaos run draws them: how often, on which process, for how long. */
import { type ClusterParts, clusterFaults, type Harm } from "@rollcall/testkit";
import type { FaultVerb } from "./cluster-under-chaos.ts";
import { oneOf, type Pick } from "./random.ts";

const deadMs = 2_000;
/** Longer than a node may be silent, and than a lease lasts. */
const longestFreezeMs = 15_000;
const awayMs = 30_000;

export function clusterVerbs(parts: ClusterParts): FaultVerb[] {
  const faults = clusterFaults(parts);
  const any = 1_000;
  const everybody = [...parts.connection, ...parts.roster, ...parts.presence];
  return [
    verb("killNode", 4, deadMs, (pick) => faults.killNode(pick(any))),
    verb("killRoster", 4, deadMs, (pick) => faults.killRoster(pick(any))),
    verb("killPresence", 4, deadMs, (pick) => faults.killPresence(pick(any))),
    verb("killNodeAndPresence", 2, deadMs, (pick) => faults.killNodeAndPresence(pick(any), pick(any))),
    {
      verb: "freeze",
      weight: 4,
      async begin(pick) {
        const { target, undo } = await faults.freeze(oneOf(pick, everybody));
        return { target, lastsMs: 500 + pick(longestFreezeMs), end: undo };
      },
    },
    verb("restartNats", 2, 0, () => faults.restartNats()),
    verb("stopNats", 1, awayMs, () => faults.stopNats()),
    verb("slowStore", 2, awayMs / 2, () => faults.slowStore(2_000)),
    verb("failingStore", 2, awayMs / 2, (pick) => faults.failingStore(0.5, pick(2) === 0)),
    verb("storeAway", 1, awayMs, () => faults.storeAway()),
    verb("restartStore", 2, 0, () => faults.restartStore()),
    verb("rollingRestart", 1, 0, () => faults.rollingRestart()),
  ];
}

function verb(name: string, weight: number, lastsMs: number, harm: (pick: Pick) => Promise<Harm>): FaultVerb {
  return {
    verb: name,
    weight,
    async begin(pick) {
      const { target, undo } = await harm(pick);
      return { target, lastsMs, end: undo };
    },
  };
}
