import { createServer, type Server, type Socket } from "node:net";
import type { ListenAddress } from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";
import { type AddressLimits, countedAddress } from "./address-limits.ts";

/** Numbers of a listener. */
export interface ListenerCounters {
  connectionsAccepted: number;
  /** Beyond a limit: closed without a word. */
  connectionsTurnedAway: number;
}

export interface TcpListenerOptions {
  readonly listen: ListenAddress;
  readonly addresses: AddressLimits;
  readonly logger: Logger;
  readonly counters: ListenerCounters;
  /** Takes a connection that is within the limits, and releases it at `addresses`; `address` is what it was counted by. */
  readonly accept: (socket: Socket, address: string) => void;
}

const KEEP_ALIVE_AFTER_MS = 60_000;

/** Accepts TCP connections within the limits (RFC 6120, 13.12). */
export class TcpListener {
  readonly #options: TcpListenerOptions;
  readonly #server: Server;
  #listening = false;

  constructor(options: TcpListenerOptions) {
    this.#options = options;
    this.#server = createServer(
      // A client that has closed its side may still be owed answers.
      { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS },
      (socket) => this.#connected(socket),
    );
  }

  /** @returns the address in use, with the port that the system chose for port 0. @throws {Error} when it is taken. */
  async open(): Promise<ListenAddress> {
    const { listen, logger } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(listen.port, listen.host, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    this.#listening = true;
    this.#server.on("error", (error) => logger.error({ event: "listener.fault", error }));
    const bound = this.#server.address();
    return typeof bound === "object" && bound !== null ? { host: bound.address, port: bound.port } : listen;
  }

  /** Accepts nothing more; connections stay. */
  close(): void {
    if (!this.#listening) return;
    this.#listening = false;
    this.#server.close();
  }

  #connected(socket: Socket): void {
    const { accept, addresses, counters, logger } = this.#options;
    const address = countedAddress(socket.remoteAddress ?? "");
    const admission = addresses.admit(address);
    if (admission !== "admitted") {
      counters.connectionsTurnedAway++;
      logger.debug({ event: "connection.turned-away", reason: admission });
      socket.on("error", () => {});
      socket.destroy();
      return;
    }
    counters.connectionsAccepted++;
    try {
      accept(socket, address);
    } catch (error) {
      logger.error({ event: "connection.fault", error });
      socket.on("error", () => {});
      socket.destroy();
      addresses.released(address, false);
    }
  }
}
