export { natsServerMissing, startNatsServer, type TestNatsServer } from "./start-nats-server.ts";
