/** An XMPP client for tests: logs in like a real one, then sends what the test says and hands over what comes. */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { type Endpoint, type Match, Wire } from "./wire.ts";
import type { XmlNode } from "./xml-tree.ts";

export interface LoginOptions {
  readonly endpoint: Endpoint;
  readonly tls: "none" | "starttls" | "direct";
  readonly domain: string;
  readonly username: string;
  readonly password: string;
  readonly mechanism?: "SCRAM-SHA-256" | "SCRAM-SHA-1" | "PLAIN";
  /** `undefined` leaves the choice to the server. */
  readonly resource?: string | undefined;
  readonly lang?: string;
}

export class SaslFailure extends Error {
  readonly condition: string;
  constructor(condition: string) {
    super(`login refused: ${condition}`);
    this.condition = condition;
  }
}

let counter = 0;

/** An id that no other request of this test process has. */
export function uniqueId(prefix = "t"): string {
  counter += 1;
  return `${prefix}${counter}`;
}

export function streamHeader(domain: string, attributes = ""): string {
  return `<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'${attributes}>`;
}

/** What a client needs to know for SCRAM, derived once per account: tests log in thousands of times. */
const saltedPasswords = new Map<string, Buffer>();

function saltedPassword(password: string, salt: Buffer, iterations: number, hash: string): Buffer {
  const key = `${hash} ${iterations} ${salt.toString("base64")} ${password}`;
  const known = saltedPasswords.get(key);
  if (known !== undefined) return known;
  const derived = pbkdf2Sync(password, salt, iterations, hash === "sha1" ? 20 : 32, hash);
  if (saltedPasswords.size > 20_000) saltedPasswords.clear();
  saltedPasswords.set(key, derived);
  return derived;
}

export class XmppClient {
  readonly wire: Wire;
  readonly domain: string;
  readonly username: string;
  #jid = "";

  private constructor(wire: Wire, options: LoginOptions) {
    this.wire = wire;
    this.domain = options.domain;
    this.username = options.username;
  }

  get bare(): string {
    return this.#jid.split("/")[0] ?? "";
  }

  /** The full JID that the server gave. */
  get full(): string {
    return this.#jid;
  }

  get resource(): string {
    return this.#jid.slice(this.bare.length + 1);
  }

  /** Connects, authenticates and binds. @throws {SaslFailure} */
  static async login(options: LoginOptions): Promise<XmppClient> {
    const client = await XmppClient.authenticate(options);
    await client.bind(options.resource);
    return client;
  }

  /** Connects and authenticates, up to the features of the last stream. @throws {SaslFailure} */
  static async authenticate(options: LoginOptions): Promise<XmppClient> {
    const wire = await Wire.open(options.endpoint, options.tls === "direct" ? "direct" : "none");
    const client = new XmppClient(wire, options);
    const header = streamHeader(options.domain, options.lang ? ` xml:lang='${options.lang}'` : "");
    wire.send(header);
    await wire.header();
    await wire.take((element) => element.name === "features", "stream features");
    if (options.tls === "starttls") {
      wire.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
      await wire.take((element) => element.name === "proceed", "proceed");
      await wire.upgrade();
      wire.send(header);
      await wire.header();
      await wire.take((element) => element.name === "features", "stream features after TLS");
    }
    await client.sasl(options);
    wire.restart();
    wire.send(header);
    await wire.header();
    await wire.take((element) => element.name === "features", "stream features after SASL");
    return client;
  }

  /** The SASL exchange alone. @throws {SaslFailure} */
  async sasl(options: Pick<LoginOptions, "username" | "password" | "mechanism">): Promise<void> {
    const mechanism = options.mechanism ?? "SCRAM-SHA-1";
    const wire = this.wire;
    const answer: Match = (element) => element.namespace === "urn:ietf:params:xml:ns:xmpp-sasl";
    const auth = (data: string): void =>
      wire.send(
        `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='${mechanism}'>${Buffer.from(data).toString("base64")}</auth>`,
      );
    if (mechanism === "PLAIN") {
      auth(`\0${options.username}\0${options.password}`);
      succeeded(await wire.take(answer, "a SASL answer"));
      return;
    }
    const hash = mechanism === "SCRAM-SHA-1" ? "sha1" : "sha256";
    const nonce = randomBytes(15).toString("base64");
    const name = options.username.replaceAll("=", "=3D").replaceAll(",", "=2C");
    const firstBare = `n=${name},r=${nonce}`;
    auth(`n,,${firstBare}`);
    const challenge = await wire.take(answer, "a SASL challenge");
    if (challenge.name === "failure") throw failure(challenge);
    const first = Buffer.from(challenge.text(), "base64").toString();
    const fields = new Map(first.split(",").map((part) => [part[0] ?? "", part.slice(2)]));
    const salted = saltedPassword(
      options.password,
      Buffer.from(fields.get("s") ?? "", "base64"),
      Number(fields.get("i")),
      hash,
    );
    const clientKey = createHmac(hash, salted).update("Client Key").digest();
    const withoutProof = `c=biws,r=${fields.get("r")}`;
    const message = `${firstBare},${first},${withoutProof}`;
    const signature = createHmac(hash, createHash(hash).update(clientKey).digest()).update(message).digest();
    const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
    wire.send(
      `<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${Buffer.from(`${withoutProof},p=${proof.toString("base64")}`).toString("base64")}</response>`,
    );
    const success = await wire.take(answer, "the SASL outcome");
    succeeded(success);
    const serverKey = createHmac(hash, salted).update("Server Key").digest();
    const expected = createHmac(hash, serverKey).update(message).digest("base64");
    if (Buffer.from(success.text(), "base64").toString() !== `v=${expected}`) {
      throw new Error("the server did not prove that it knows the password");
    }
  }

  async bind(resource?: string): Promise<void> {
    const body = resource === undefined ? "" : `<resource>${escapeXml(resource)}</resource>`;
    const answer = await this.request("set", `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>${body}</bind>`);
    this.#jid = answer.child("bind")?.childText("jid") ?? "";
    if (this.#jid === "") throw new Error(`not bound: ${answer}`);
  }

  send(xml: string): void {
    this.wire.send(xml);
  }

  /** Sends an iq and returns its result or error. */
  async request(type: "get" | "set", payload: string, to?: string): Promise<XmlNode> {
    const id = uniqueId("q");
    this.send(
      `<iq type='${type}' id='${id}'${to === undefined ? "" : ` to='${escapeXml(to)}'`}>${payload}</iq>`,
    );
    return this.wire.take(
      (element) => element.name === "iq" && element.id === id && element.type !== "set",
      `answer ${id}`,
    );
  }

  /** Fetches the roster, which makes the session interested. */
  async roster(version?: string): Promise<XmlNode> {
    return this.request(
      "get",
      `<query xmlns='jabber:iq:roster'${version === undefined ? "" : ` ver='${version}'`}/>`,
    );
  }

  /** Sends presence without `to` and waits until it comes back. */
  async presence(payload = "", type?: "unavailable"): Promise<XmlNode> {
    const id = uniqueId("p");
    this.send(`<presence id='${id}'${type === undefined ? "" : ` type='${type}'`}>${payload}</presence>`);
    return this.wire.take(
      (element) => element.name === "presence" && element.from === this.full && element.id === id,
      "own presence reflected",
    );
  }

  /** Takes the next stanza of a kind that fits every given attribute (`undefined` means absent). */
  receive(
    kind: "message" | "presence" | "iq",
    attributes: Readonly<Record<string, string | undefined>> = {},
    match: Match = () => true,
  ): Promise<XmlNode> {
    return this.wire.take(
      (element) =>
        element.name === kind &&
        Object.entries(attributes).every(([name, value]) => element.attributes[name] === value) &&
        match(element),
      `<${kind} ${JSON.stringify(attributes)}>`,
    );
  }

  /** Takes the next roster push and answers it as clients have to. */
  async push(jid?: string): Promise<XmlNode> {
    const iq = await this.receive("iq", { type: "set" }, (element) => {
      const item = element.child("query", "jabber:iq:roster")?.child("item");
      return item !== undefined && (jid === undefined || item.attributes.jid === jid);
    });
    this.send(`<iq type='result' id='${escapeXml(iq.id ?? "")}'/>`);
    return iq.child("query")?.child("item") as XmlNode;
  }

  /**
   * Resolves when everything this client sent before has been handled and has come through: it goes to the account
   * itself and comes back. What it caused at others comes from them, so they have to be named.
   * @param others bare JIDs that answer a ping, or refuse it.
   */
  async settled(others: readonly string[] = []): Promise<void> {
    const id = uniqueId("settled");
    this.send(`<message to='${escapeXml(this.full)}' type='headline' id='${id}'/>`);
    for (const [index, other] of others.entries()) {
      this.send(
        `<iq to='${escapeXml(other)}' type='get' id='${id}-${index}'><ping xmlns='urn:xmpp:ping'/></iq>`,
      );
    }
    await this.receive("message", { id });
    for (const index of others.keys()) await this.receive("iq", { id: `${id}-${index}` });
  }

  /** Ends the stream as RFC 6120, 4.4 says. */
  async close(): Promise<void> {
    this.send("</stream:stream>");
    await this.wire.gone();
  }

  /** The connection breaks. */
  cut(): void {
    this.wire.cut();
  }
}

function succeeded(answer: XmlNode): void {
  if (answer.name !== "success") throw failure(answer);
}

function failure(answer: XmlNode): SaslFailure {
  return new SaslFailure(answer.elements()[0]?.name ?? "?");
}

export function escapeXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll("'", "&apos;")
    .replaceAll('"', "&quot;");
}
