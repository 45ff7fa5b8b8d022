/** Streams that a test drives step by step, below the level of sessions. */
import assert from "node:assert/strict";
import { eventually, type RunningServer, streamHeader, Wire, type XmlNode } from "@rollcall/testkit";

export const streamErrors = "urn:ietf:params:xml:ns:xmpp-streams";
export const stanzaErrors = "urn:ietf:params:xml:ns:xmpp-stanzas";
export const saslNamespace = "urn:ietf:params:xml:ns:xmpp-sasl";
export const tlsNamespace = "urn:ietf:params:xml:ns:xmpp-tls";
export const bindNamespace = "urn:ietf:params:xml:ns:xmpp-bind";

/** A connection on which the client has opened its stream, with the answers. */
export interface OpenedStream {
  readonly wire: Wire;
  readonly header: XmlNode;
  readonly features: XmlNode;
}

/** Sends a stream header, by default an ordinary one, and takes the response header and the features. */
export async function openStream(
  server: RunningServer,
  header = streamHeader(server.domain),
  tls: "none" | "direct" = "none",
): Promise<OpenedStream> {
  const wire = await Wire.open(tls === "direct" ? server.c2sTls : server.c2s, tls);
  return { wire, ...(await nextStream(wire, header)) };
}

/** The next stream on the same connection, after `Wire.restart` or `Wire.upgrade`. */
export async function nextStream(wire: Wire, header: string): Promise<Omit<OpenedStream, "wire">> {
  wire.send(header);
  const answer = await wire.header();
  return { header: answer, features: await wire.take(({ name }) => name === "features", "stream features") };
}

/**
 * Takes the stream error and checks its form (RFC 6120, 4.9): one defined condition, text at most beside it, and then
 * the end of the stream and of the connection.
 */
export async function expectStreamError(wire: Wire, condition: string): Promise<XmlNode> {
  const error = await wire.take(({ name }) => name === "error", `stream error ${condition}`);
  assert.equal(error.namespace, "http://etherx.jabber.org/streams");
  const defined = error.elements().filter(({ name }) => name !== "text");
  assert.deepEqual(
    defined.map(({ name, namespace }) => [name, namespace]),
    [[condition, streamErrors]],
  );
  const text = error.child("text");
  if (text !== undefined) {
    assert.equal(text.namespace, streamErrors);
    assert.notEqual(text.attributes["xml:lang"], undefined);
  }
  await expectEnd(wire);
  return error;
}

/** The server's stream ends, and with the client's end the connection. */
export async function expectEnd(wire: Wire): Promise<void> {
  await eventually("the server ends its stream", () => wire.ended || wire.closed);
  assert.ok(wire.ended);
  if (!wire.closed) wire.send("</stream:stream>");
  await wire.gone();
}

/** The `auth` of PLAIN. */
export function plainAuth(username: string, password: string, authzid = ""): string {
  return auth("PLAIN", base64(`${authzid}\0${username}\0${password}`));
}

export function auth(mechanism: string, content = ""): string {
  return `<auth xmlns='${saslNamespace}' mechanism='${mechanism}'>${content}</auth>`;
}

export function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** The next answer of SASL: its name, with the condition of a failure. */
export async function saslAnswer(wire: Wire): Promise<string> {
  const answer = await wire.take(({ namespace }) => namespace === saslNamespace, "a SASL answer");
  return answer.name === "failure" ? `failure ${answer.elements()[0]?.name}` : answer.name;
}
