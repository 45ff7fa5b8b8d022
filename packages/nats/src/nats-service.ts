import type { NatsConnection } from "@nats-io/transport-node";
import type { Service } from "@rollcall/runtime";
import { type ConnectNatsOptions, connectNats } from "./connect-nats.ts";

export interface NatsService extends Service {
  /** @throws {TypeError} before `start` has resolved. */
  readonly connection: NatsConnection;
  /** Whether there is a server at the other end now. */
  isConnected(): boolean;
  /** How often the connection was lost. */
  readonly disconnects: number;
}

/**
 * The connection of a process to NATS as a service that the others stand on: its start waits for the first server, and
 * its stop closes the connection.
 */
export function createNatsService(options: Omit<ConnectNatsOptions, "signal">): NatsService {
  let connection: NatsConnection | undefined;
  let isConnected = false;
  let disconnects = 0;

  async function follow(of: NatsConnection): Promise<void> {
    for await (const { type } of of.status()) {
      if (type === "disconnect") {
        isConnected = false;
        disconnects += 1;
      } else if (type === "reconnect") isConnected = true;
    }
  }

  return {
    name: "nats",
    get connection() {
      if (connection === undefined) throw new TypeError("NATS is not connected yet");
      return connection;
    },
    isConnected: () => isConnected,
    get disconnects() {
      return disconnects;
    },
    async start(ending) {
      connection = await connectNats({ ...options, signal: ending });
      isConnected = true;
      follow(connection).catch((error: unknown) => {
        options.logger.error({ event: "nats.fault", error });
      });
    },
    notReady: () => (isConnected ? [] : ["is not connected"]),
    async drain() {},
    async stop() {
      await connection?.close();
      isConnected = false;
    },
  };
}
