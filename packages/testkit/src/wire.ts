/**
 * One connection as a test sees it: raw bytes out, parsed elements in. Knows nothing of XMPP sessions; scripts of
 * malformed input use it directly.
 */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { type XmlNode, XmlStreamReader } from "./xml-tree.ts";

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** How long a test waits for something that must come. Generous: CI machines stall. */
export const PATIENCE_MS = 20_000;

export type Match = (element: XmlNode) => boolean;

interface Waiter {
  readonly match: Match;
  readonly resolve: (element: XmlNode) => void;
}

export class Wire {
  static readonly #open = new Set<Wire>();
  #socket: Socket | TLSSocket;
  readonly #reader: XmlStreamReader;
  readonly #inbox: XmlNode[] = [];
  readonly #waiters: Waiter[] = [];
  readonly #log: string[] = [];
  #headers: XmlNode[] = [];
  #onHeader: (() => void) | undefined;
  #ended = false;
  #closed = false;
  #fault: Error | undefined;
  readonly #onClose: (() => void)[] = [];
  /** Everything the server sent, as text; for checks that need bytes. */
  received = "";
  /** Number of reads from the socket since the last look. */
  reads = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#reader = new XmlStreamReader({
      streamStart: (header) => {
        this.#headers.push(header);
        this.#onHeader?.();
      },
      element: (element) => this.#arrived(element),
      streamEnd: () => {
        this.#ended = true;
      },
      broken: (error) => {
        this.#fault = error;
        this.#socket.destroy();
      },
    });
    this.#listen(socket);
    Wire.#open.add(this);
  }

  /** Cuts every connection of this process that a test left open, so that its server need not wait for them. */
  static cutAll(): void {
    for (const wire of Wire.#open) wire.cut();
  }

  static async open(
    endpoint: Endpoint,
    tls: "none" | "direct" = "none",
    alpn?: readonly string[],
  ): Promise<Wire> {
    const socket =
      tls === "none"
        ? connectTcp(endpoint)
        : connectTls({
            ...endpoint,
            rejectUnauthorized: false,
            ...(alpn ? { ALPNProtocols: [...alpn] } : {}),
          });
    await new Promise<void>((resolve, reject) => {
      socket.once(tls === "none" ? "connect" : "secureConnect", resolve);
      socket.once("error", reject);
    });
    socket.setNoDelay(true);
    return new Wire(socket);
  }

  #listen(socket: Socket | TLSSocket): void {
    socket.on("data", (chunk: Buffer) => {
      this.reads += 1;
      if (this.received.length < 1_000_000) this.received += chunk.toString("latin1");
      this.#reader.write(chunk);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      if (socket !== this.#socket) return;
      this.#closed = true;
      Wire.#open.delete(this);
      for (const listener of this.#onClose.splice(0)) listener();
    });
  }

  #arrived(element: XmlNode): void {
    this.#log.push(element.toString());
    if (this.#log.length > 200) this.#log.shift();
    const at = this.#waiters.findIndex((waiter) => waiter.match(element));
    if (at < 0) this.#inbox.push(element);
    else this.#waiters.splice(at, 1)[0]?.resolve(element);
  }

  get socket(): Socket | TLSSocket {
    return this.#socket;
  }

  /** `</stream:stream>` has come. */
  get ended(): boolean {
    return this.#ended;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** What has come and nobody has taken. */
  get inbox(): readonly XmlNode[] {
    return this.#inbox;
  }

  send(data: string | Uint8Array): void {
    this.#socket.write(data);
  }

  /** Takes the first element that matches, waiting for it if need be. */
  take(match: Match, what = "a certain element"): Promise<XmlNode> {
    const at = this.#inbox.findIndex(match);
    if (at >= 0) return Promise.resolve(this.#inbox.splice(at, 1)[0] as XmlNode);
    return new Promise((resolve, reject) => {
      const describe = (why: string): Error =>
        new Error(
          `${why} while waiting for ${what}; last received:\n${this.#log.slice(-12).join("\n") || "(nothing)"}`,
        );
      if (this.#closed) {
        reject(describe(`connection closed${this.#fault ? ` (${this.#fault.message})` : ""}`));
        return;
      }
      const finish = (): void => {
        clearTimeout(timer);
        const index = this.#onClose.indexOf(onClose);
        if (index >= 0) this.#onClose.splice(index, 1);
      };
      const waiter: Waiter = {
        match,
        resolve: (element) => {
          finish();
          resolve(element);
        },
      };
      const give = (why: string): void => {
        const index = this.#waiters.indexOf(waiter);
        if (index >= 0) this.#waiters.splice(index, 1);
        finish();
        reject(describe(why));
      };
      const timer = setTimeout(() => give("nothing came"), PATIENCE_MS);
      const onClose = (): void => give(`connection closed${this.#fault ? ` (${this.#fault.message})` : ""}`);
      this.#waiters.push(waiter);
      this.#onClose.push(onClose);
    });
  }

  /** Takes the next element, whatever it is. */
  next(): Promise<XmlNode> {
    return this.take(() => true, "anything");
  }

  /** Everything that has come and nobody has taken. */
  takeAll(): XmlNode[] {
    return this.#inbox.splice(0);
  }

  /** The next response header. */
  async header(): Promise<XmlNode> {
    if (this.#headers.length === 0) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("no stream header came")), PATIENCE_MS);
        const settle = (): void => {
          clearTimeout(timer);
          this.#onHeader = undefined;
          resolve();
        };
        this.#onHeader = settle;
        this.#onClose.push(settle);
      });
    }
    const header = this.#headers.shift();
    if (header === undefined) throw new Error("connection closed before a stream header came");
    return header;
  }

  /** A new stream follows on the same connection. */
  restart(): void {
    this.#ended = false;
    this.#reader.restart();
  }

  /** The client side of STARTTLS, after `proceed`. */
  async upgrade(): Promise<void> {
    const plain = this.#socket;
    plain.removeAllListeners("data");
    const secure = connectTls({ socket: plain, rejectUnauthorized: false });
    this.#socket = secure;
    this.restart();
    await new Promise<void>((resolve, reject) => {
      secure.once("secureConnect", resolve);
      secure.once("error", reject);
    });
    this.#listen(secure);
  }

  /** Resolves when the connection is gone. */
  async gone(): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the connection stayed open")), PATIENCE_MS);
      this.#onClose.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.#socket.destroy();
  }
}
