export { answerLogLevel, type LogLevelSwitch } from "./answer-log-level.ts";
export { answerStatus, type HealthSource, type StatusParts } from "./answer-status.ts";
export { answerTrace, type TraceSwitch } from "./answer-trace.ts";
export {
  type AskOptions,
  type Control,
  ControlError,
  type ControlErrorCode,
  type ControlHandler,
  type ControlOptions,
  type Gathered,
  type ProcessAnswer,
} from "./control.ts";
export { type ControlHub, createControlHub } from "./memory-control.ts";
export { createNatsControl, type NatsControlOptions } from "./nats-control.ts";
export { watchThisProcess } from "./this-process.ts";
