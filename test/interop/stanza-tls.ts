import { connect, type TLSSocket } from "node:tls";
import { type Agent, JXT, type Transport, type TransportConfig } from "stanza";

/**
 * A transport for stanza: one TLS connection (XEP-0368). It comes with WebSocket and BOSH only, which this server does
 * not speak; everything above the transport is stanza's own.
 */
export function tlsTransport(
  port: number,
  certificate: string,
): new (
  client: Agent,
  sm: unknown,
  registry: JXT.Registry,
) => Transport {
  return class TlsTransport implements Transport {
    hasStream = false;
    stream = {};
    readonly #client: Agent;
    readonly #registry: JXT.Registry;
    #config: TransportConfig | undefined;
    #parser: JXT.StreamParser | undefined;
    #socket: TLSSocket | undefined;

    constructor(client: Agent, _sm: unknown, registry: JXT.Registry) {
      this.#client = client;
      this.#registry = registry;
    }

    connect(config: TransportConfig): void {
      this.#config = config;
      const socket = connect({
        host: "127.0.0.1",
        port,
        ca: certificate,
        servername: config.server,
        ALPNProtocols: ["xmpp-client"],
      });
      this.#socket = socket;
      socket.once("secureConnect", () => {
        this.#client.emit("connected");
        this.restart();
      });
      socket.on("data", (chunk) => this.#parser?.write(chunk));
      socket.on("error", (error) =>
        this.#client.emit("stream:error", { condition: "connection-timeout" }, error),
      );
      socket.once("close", () => {
        if (this.#client.transport === this) this.#client.emit("--transport-disconnected");
      });
    }

    /** A new stream on the same connection. */
    restart(): void {
      this.hasStream = false;
      const parser = new JXT.StreamParser({
        registry: this.#registry,
        wrappedStream: true,
        rootKey: "stream",
      });
      parser.on("data", ({ event, kind, stanza }: JXT.ParsedData) => {
        if (event === "stream-start") {
          this.hasStream = true;
          this.stream = stanza;
          this.#client.emit("stream:start", stanza);
        } else if (event === "stream-end") {
          this.disconnect();
        } else {
          this.#client.emit("stream:data", stanza, kind);
        }
      });
      this.#parser = parser;
      this.#socket?.write(
        `<stream:stream to='${this.#config?.server}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`,
      );
    }

    async send(name: string, data?: JXT.JSONData): Promise<void> {
      const xml = data === undefined ? undefined : this.#registry.export(name, data);
      if (xml !== undefined) this.#socket?.write(xml.toString());
    }

    disconnect(): void {
      this.#socket?.end(this.hasStream ? "</stream:stream>" : "");
      this.hasStream = false;
    }
  };
}
