import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import {
  type Authenticator,
  type ConnectionOptions,
  connect,
  credsAuthenticator,
  type NatsConnection,
  nkeyAuthenticator,
} from "@nats-io/transport-node";
import type { Logger } from "@rollcall/telemetry";
import { checkNatsSettings, type NatsSettings } from "./nats-settings.ts";

export interface ConnectNatsOptions {
  readonly settings: NatsSettings;
  /** What the server's connection list shows: the instance or node id. */
  readonly name: string;
  readonly logger: Logger;
  /** Ends the attempts to connect for the first time. */
  readonly signal?: AbortSignal | undefined;
}

/** Wait between two attempts to connect for the first time. */
const FIRST_CONNECT_RETRY_MS = 500;

/**
 * The one connection of this process. Tries until the first server takes it, or `signal` says to stop, and reconnects
 * for ever; the log tells why it is not there, when it is lost and when it is back.
 *
 * @throws {TypeError} where `checkNatsSettings` has a complaint.
 * @throws where a file that the settings name cannot be read, or with the reason of `signal`.
 */
export async function connectNats(options: ConnectNatsOptions): Promise<NatsConnection> {
  const { logger } = options;
  const connection = await firstConnection(connectionOptions(options), logger, options.signal);
  logger.info({ event: "nats.connected", server: connection.getServer() });
  tellStatus(connection, logger).catch((error: unknown) => {
    logger.error({ event: "nats.fault", error });
  });
  return connection;
}

async function firstConnection(
  options: ConnectionOptions,
  logger: Logger,
  signal: AbortSignal | undefined,
): Promise<NatsConnection> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await connect(options);
    } catch (error) {
      logger.warn({ event: "nats.not-connected", error });
    }
    await setTimeout(FIRST_CONNECT_RETRY_MS, undefined, signal === undefined ? {} : { signal });
  }
}

export function connectionOptions({ settings, name }: ConnectNatsOptions): ConnectionOptions {
  const [problem] = checkNatsSettings(settings);
  if (problem !== undefined) throw new TypeError(`${problem.name} ${problem.problem}`);
  const authenticator = authenticatorOf(settings);
  const tls = tlsOf(settings);
  return {
    name,
    servers: [...settings["nats.servers"]],
    ...(settings["nats.user"] === undefined
      ? {}
      : { user: settings["nats.user"], pass: settings["nats.password"] ?? "" }),
    ...(settings["nats.token"] === undefined ? {} : { token: settings["nats.token"] }),
    ...(authenticator === undefined ? {} : { authenticator }),
    ...(tls === undefined ? {} : { tls }),
    timeout: 5_000,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    reconnectJitter: 50,
    reconnectJitterTLS: 100,
    // Credentials may be changed while the process runs: a server that refuses them today may take them tomorrow.
    ignoreAuthErrorAbort: true,
    pingInterval: 10_000,
    maxPingOut: 2,
    // Stack traces of the callers cost more than the requests.
    noAsyncTraces: true,
  };
}

function authenticatorOf(settings: NatsSettings): Authenticator | undefined {
  const seed = settings["nats.nkey_seed"];
  if (seed !== undefined) return nkeyAuthenticator(new TextEncoder().encode(seed));
  const creds = settings["nats.creds"];
  if (creds === undefined) return undefined;
  readFileSync(creds);
  // Read anew for every connection, since credentials have an end.
  return credsAuthenticator(() => readFileSync(creds));
}

function tlsOf(settings: NatsSettings): ConnectionOptions["tls"] | undefined {
  const files = {
    ...(settings["nats.tls_ca"] === undefined ? {} : { caFile: settings["nats.tls_ca"] }),
    ...(settings["nats.tls_cert"] === undefined ? {} : { certFile: settings["nats.tls_cert"] }),
    ...(settings["nats.tls_key"] === undefined ? {} : { keyFile: settings["nats.tls_key"] }),
  };
  return settings["nats.tls"] || Object.keys(files).length > 0 ? files : undefined;
}

async function tellStatus(connection: NatsConnection, logger: Logger): Promise<void> {
  for await (const status of connection.status()) {
    switch (status.type) {
      case "disconnect":
        logger.warn({ event: "nats.disconnected", server: status.server });
        break;
      case "reconnect":
        logger.info({ event: "nats.connected", server: status.server });
        break;
      case "staleConnection":
        logger.warn({ event: "nats.stale" });
        break;
      case "error":
        logger.error({ event: "nats.fault", error: status.error });
        break;
      default:
        break;
    }
  }
}
