export type { NatsConnection } from "@nats-io/transport-node";
export { type ConnectNatsOptions, connectNats } from "./connect-nats.ts";
export { createNatsService, type NatsService } from "./nats-service.ts";
export {
  checkNatsSettings,
  type NatsSettingProblem,
  type NatsSettings,
  natsSettings,
} from "./nats-settings.ts";
