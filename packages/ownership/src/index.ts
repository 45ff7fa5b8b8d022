export type { Owner } from "./lease.ts";
export { createNatsOwnership, type NatsOwnership, type NatsOwnershipOptions } from "./nats-ownership.ts";
export type { Ownership, OwnershipListener } from "./ownership.ts";
export { createSoleOwnership } from "./sole-ownership.ts";
