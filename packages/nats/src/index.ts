export { type ConnectNatsOptions, connectNats } from "./connect-nats.ts";
export {
  checkNatsSettings,
  type NatsSettingProblem,
  type NatsSettings,
  natsSettings,
} from "./nats-settings.ts";
