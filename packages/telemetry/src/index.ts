export { CounterRegistry } from "./counters.ts";
export {
  createLogger,
  type LogFormat,
  type LoggerOptions,
  type LogLevel,
  type ProcessLogger,
} from "./create-logger.ts";
export { type LogFields, type Logger, silentLogger } from "./logger.ts";
export { type EventName, events } from "./names.ts";
export { createRedact, type JidPolicy, type Redact } from "./redact.ts";
