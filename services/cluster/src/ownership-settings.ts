import { type SettingValues, setting } from "@rollcall/runtime";

/** Settings of the processes that own partitions. */
export const ownershipSettings = {
  "ownership.lease_ms": setting.integer({
    default: 15_000,
    min: 3_000,
    max: 120_000,
    unit: "ms",
    doc: "How long an owner that stands still keeps its partitions; one that is gone loses them at once. At least 15 s with replicas, since NATS needs up to 10 s for a new leader.",
  }),
  "ownership.hand_over_ms": setting.integer({
    default: 5_000,
    min: 0,
    max: 60_000,
    unit: "ms",
    doc: "How long work under way may hold up the hand-over of a partition.",
  }),
} as const;

export type OwnershipSettings = SettingValues<typeof ownershipSettings>;
