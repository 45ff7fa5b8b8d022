/** What is looked at in a cluster, in the order in which it is told: what others stand on comes first. */
import { natsCheck, riakCheck } from "./backend-checks.ts";
import { certificateCheck } from "./certificate-check.ts";
import type { ClusterCheck } from "./found.ts";
import { partitionsCheck } from "./partition-checks.ts";
import {
  answersCheck,
  clocksCheck,
  filesCheck,
  kindsCheck,
  lagCheck,
  readyCheck,
  versionsCheck,
} from "./process-checks.ts";

export const clusterChecks: readonly ClusterCheck[] = [
  answersCheck,
  readyCheck,
  kindsCheck,
  versionsCheck,
  partitionsCheck,
  clocksCheck,
  lagCheck,
  certificateCheck,
  riakCheck,
  natsCheck,
  filesCheck,
];
