export { createNatsOwnership, type NatsOwnership, type NatsOwnershipOptions } from "./nats-ownership.ts";
export {
  isSuperseded,
  type Owner,
  type OwnerMap,
  type Ownership,
  type OwnershipListener,
} from "./ownership.ts";
export { createSoleOwnership } from "./sole-ownership.ts";
