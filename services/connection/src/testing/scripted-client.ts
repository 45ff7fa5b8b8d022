/** A client that says exactly what a test makes it say, and shows the bytes that come back. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import type { ListenAddress } from "@rollcall/runtime";

/** How long a test waits for what must come; generous, for machines that stall. */
const PATIENCE_MS = 15_000;

export class ScriptedClient {
  #socket: Socket;
  #unread = "";
  #look: (() => void) | undefined;
  #ended = false;
  #closed = false;
  /** Number of `data` events since the last look. */
  reads = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  static async connect(address: ListenAddress | undefined): Promise<ScriptedClient> {
    assert.ok(address);
    const socket = connect({ ...address, allowHalfOpen: true });
    await once(socket, "connect");
    return new ScriptedClient(socket);
  }

  static async connectTls(
    address: ListenAddress | undefined,
    options: ConnectionOptions = {},
  ): Promise<ScriptedClient> {
    assert.ok(address);
    const socket = connectTls({ ...address, rejectUnauthorized: false, ...options });
    await once(socket, "secureConnect");
    return new ScriptedClient(socket);
  }

  get socket(): Socket {
    return this.#socket;
  }

  get tls(): TLSSocket {
    return this.#socket as TLSSocket;
  }

  /** What came and was not expected yet. */
  get unread(): string {
    return this.#unread;
  }

  #listen(socket: Socket): void {
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      this.reads++;
      this.#unread += text;
      this.#look?.();
    });
    socket.on("end", () => {
      this.#ended = true;
      this.#look?.();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#ended = true;
      this.#closed = true;
      this.#look?.();
    });
  }

  send(xml: string): void {
    this.#socket.write(xml);
  }

  /** Waits for the text and takes it away, with what stands before it, which is returned with it. */
  async expect(wanted: RegExp | string): Promise<string> {
    let taken = "";
    await this.#until(`expected ${wanted}`, () => {
      const found = typeof wanted === "string" ? this.#unread.indexOf(wanted) : this.#unread.search(wanted);
      if (found === -1) return false;
      const length = typeof wanted === "string" ? wanted.length : wanted.exec(this.#unread)![0].length;
      taken = this.#unread.slice(0, found + length);
      this.#unread = this.#unread.slice(found + length);
      return true;
    });
    return taken;
  }

  /** Waits until the server ended its side of the connection; returns what it said before. */
  async expectEnd(): Promise<string> {
    await this.#until("expected the end of the connection", () => this.#ended);
    const rest = this.#unread;
    this.#unread = "";
    return rest;
  }

  async expectClose(): Promise<void> {
    await this.#until("expected the connection to be closed", () => this.#closed);
  }

  async #until(what: string, isThere: () => boolean): Promise<void> {
    if (isThere()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => fail(), PATIENCE_MS);
      const fail = () => {
        clearTimeout(timer);
        this.#look = undefined;
        reject(new Error(`${what}, got: ${this.#unread.slice(0, 2_000)}`));
      };
      this.#look = () => {
        if (isThere()) {
          clearTimeout(timer);
          this.#look = undefined;
          resolve();
        } else if (this.#closed) {
          fail();
        }
      };
    });
  }

  /** Goes on over TLS on the same connection. */
  async startTls(options: ConnectionOptions = {}): Promise<void> {
    this.#socket.removeAllListeners();
    const socket = connectTls({ socket: this.#socket, rejectUnauthorized: false, ...options });
    await once(socket, "secureConnect");
    this.#unread = "";
    this.#socket = socket;
    this.#listen(socket);
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  // --- the usual steps of a login ------------------------------------------------------------------------------

  async open(to = "example.org", attributes = ""): Promise<string> {
    this.send(streamHeader(to, attributes));
    return this.expect("</stream:features>");
  }

  async authenticate(user: string, password = "secret"): Promise<void> {
    this.send(plainAuth(user, password));
    await this.expect("<success");
  }

  async bind(resource: string): Promise<string> {
    this.send(
      `<iq type="set" id="bind"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>${resource}</resource></bind></iq>`,
    );
    return this.expect("</iq>");
  }

  /** A complete login in clear. */
  async logIn(user: string, resource: string, headerAttributes = ""): Promise<void> {
    await this.open();
    await this.authenticate(user);
    await this.open("example.org", headerAttributes);
    await this.bind(resource);
  }
}

export function streamHeader(to = "example.org", attributes = ""): string {
  return (
    `<?xml version='1.0'?><stream:stream to='${to}' version='1.0' xmlns='jabber:client' ` +
    `xmlns:stream='http://etherx.jabber.org/streams' ${attributes}>`
  );
}

export function base64(text: string | Uint8Array): string {
  return Buffer.from(text).toString("base64");
}

export function plainAuth(user: string, password: string, authzid = ""): string {
  const data = base64(`${authzid}\0${user}\0${password}`);
  return `<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">${data}</auth>`;
}
