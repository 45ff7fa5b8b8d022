/**
 * A client light enough not to be what is measured: it looks for counted needles in the bytes that come and parses
 * nothing after login.
 */
import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls, TLSSocket } from "node:tls";
import { promisify } from "node:util";

const derive = promisify(pbkdf2);

export interface LoadEndpoint {
  readonly host: string;
  readonly port: number;
  /** `starttls` upgrades after the first features, as every server can. */
  readonly tls: "none" | "starttls";
}

/** Client keys by account, so that a second login costs this process no PBKDF2. */
const clientKeys = new Map<string, { clientKey: Buffer; storedKey: Buffer }>();

export class LoadClient {
  readonly username: string;
  readonly domain: string;
  /** The full JID after `login`. */
  jid = "";
  /** Called for every chunk after login; counts what it looks for. */
  onData: ((chunk: Buffer) => void) | undefined;
  onClose: (() => void) | undefined;
  #socket: Socket;
  #waiting: { needle: string; resolve: (text: string) => void; reject: (error: Error) => void } | undefined;
  #text = "";

  constructor(username: string, domain: string) {
    this.username = username;
    this.domain = domain;
    this.#socket = undefined as unknown as Socket;
  }

  #listen(socket: Socket): void {
    socket.on("data", (chunk: Buffer) => {
      if (this.onData !== undefined) {
        this.onData(chunk);
        return;
      }
      this.#text += chunk.toString("latin1");
      this.#look();
    });
    socket.on("error", (error) => this.#waiting?.reject(error));
    socket.on("close", () => {
      if (socket !== this.#socket) return;
      this.#waiting?.reject(new Error(`${this.username}: connection closed`));
      this.onClose?.();
    });
  }

  #look(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const failed = /<failure|<stream:error|type=['"]error['"]/.test(this.#text);
    if (!failed && !this.#text.includes(waiting.needle)) return;
    const text = this.#text;
    this.#text = "";
    this.#waiting = undefined;
    if (failed) waiting.reject(new Error(`${this.username}: ${text.slice(0, 400)}`));
    else waiting.resolve(text);
  }

  /** Everything received up to and with the chunk that completes the needle. */
  #until(needle: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#waiting = { needle, resolve, reject };
      this.#look();
    });
  }

  async connect(endpoint: LoadEndpoint): Promise<void> {
    const socket = connectTcp({ host: endpoint.host, port: endpoint.port });
    socket.setNoDelay(true);
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    this.#listen(socket);
    this.#open();
    await this.#until("</stream:features>");
    if (endpoint.tls === "starttls") {
      this.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
      await this.#until("<proceed");
      socket.removeAllListeners("data");
      const secure = connectTls({ socket, rejectUnauthorized: false });
      this.#socket = secure;
      await new Promise<void>((resolve, reject) => {
        secure.once("secureConnect", resolve);
        secure.once("error", reject);
      });
      this.#listen(secure);
      this.#open();
      await this.#until("</stream:features>");
    }
  }

  #open(): void {
    this.send(
      `<?xml version='1.0'?><stream:stream to='${this.domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`,
    );
  }

  /** SCRAM-SHA-1 and resource binding. */
  async login(endpoint: LoadEndpoint, password: string, resource: string): Promise<void> {
    await this.connect(endpoint);
    const nonce = randomBytes(12).toString("base64");
    const firstBare = `n=${this.username},r=${nonce}`;
    this.send(
      `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-1'>${base64(`n,,${firstBare}`)}</auth>`,
    );
    const challenge = await this.#until("</challenge>");
    const first = Buffer.from(/<challenge[^>]*>([^<]*)</.exec(challenge)?.[1] ?? "", "base64").toString();
    const [, serverNonce, salt, iterations] = /r=([^,]*),s=([^,]*),i=(\d+)/.exec(first) ?? [];
    const cacheKey = `${this.username}@${this.domain} ${salt} ${iterations}`;
    let keys = clientKeys.get(cacheKey);
    if (keys === undefined) {
      const salted = await derive(
        password,
        Buffer.from(salt ?? "", "base64"),
        Number(iterations),
        20,
        "sha1",
      );
      const clientKey = createHmac("sha1", salted).update("Client Key").digest();
      keys = { clientKey, storedKey: createHash("sha1").update(clientKey).digest() };
      clientKeys.set(cacheKey, keys);
    }
    const withoutProof = `c=biws,r=${serverNonce}`;
    const signature = createHmac("sha1", keys.storedKey)
      .update(`${firstBare},${first},${withoutProof}`)
      .digest();
    const proof = Buffer.alloc(20);
    for (let i = 0; i < 20; i += 1) proof[i] = (keys.clientKey[i] ?? 0) ^ (signature[i] ?? 0);
    this.send(
      `<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${base64(`${withoutProof},p=${proof.toString("base64")}`)}</response>`,
    );
    await this.#until("<success");
    this.#open();
    await this.#until("</stream:features>");
    const bound = await this.request(
      `<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>`,
      "</iq>",
    );
    this.jid = /<jid>([^<]*)<\/jid>/.exec(bound)?.[1] ?? "";
  }

  /** Sends, and resolves with what came until `needle` was in it. Only while `onData` is unset. */
  request(xml: string, needle: string): Promise<string> {
    const answer = this.#until(needle);
    this.send(xml);
    return answer;
  }

  send(xml: string): void {
    this.#socket.write(xml, "latin1");
  }

  /** Ends the stream properly. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#socket.once("close", () => resolve());
      this.#socket.on("data", () => {});
      this.#socket.end("</stream:stream>");
    });
  }

  /** Cuts the connection without a word. */
  cut(): void {
    // Only a plain TCP socket can be reset.
    if (this.#socket instanceof TLSSocket) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** Counts a needle in a stream of chunks, also where one is cut by a chunk border. */
export class NeedleCounter {
  readonly #needle: Buffer;
  #tail: Buffer = Buffer.alloc(0);
  count = 0;

  constructor(needle: string) {
    this.#needle = Buffer.from(needle, "latin1");
  }

  /** Returns how many the chunk completed. */
  add(chunk: Buffer): number {
    const keep = this.#needle.length - 1;
    let found = 0;
    if (this.#tail.length > 0) {
      const seam = Buffer.concat([this.#tail, chunk.subarray(0, keep)]);
      if (seam.indexOf(this.#needle) >= 0) found += 1;
    }
    let at = chunk.indexOf(this.#needle);
    while (at >= 0) {
      found += 1;
      at = chunk.indexOf(this.#needle, at + this.#needle.length);
    }
    this.#tail =
      chunk.length >= keep
        ? chunk.subarray(chunk.length - keep)
        : Buffer.concat([this.#tail, chunk]).subarray(-keep);
    this.count += found;
    return found;
  }
}
