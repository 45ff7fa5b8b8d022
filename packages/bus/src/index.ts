export {
  type Bus,
  type ConsumeOptions,
  type Consumer,
  done,
  type MessageMeta,
  type Outcome,
  type SendOptions,
} from "./bus.ts";
export { BusError, type BusErrorCode } from "./bus-error.ts";
export { createMemoryBus, type MemoryBus, type MemoryBusOptions } from "./memory-bus.ts";
export { createNatsBus, type NatsBus, type NatsBusCounters, type NatsBusOptions } from "./nats/nats-bus.ts";
export type { OwnerLookup, Serving } from "./nats/ports.ts";
