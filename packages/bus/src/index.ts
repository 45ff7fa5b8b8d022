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
export { createMemoryBus, type MemoryBusOptions } from "./memory-bus.ts";
