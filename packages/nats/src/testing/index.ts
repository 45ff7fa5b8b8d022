export { freePorts } from "./free-ports.ts";
export { natsServerMissing, startNatsServer, type TestNatsServer } from "./start-nats-server.ts";
