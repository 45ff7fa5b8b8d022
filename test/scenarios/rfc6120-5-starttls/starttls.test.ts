import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";
import { befriend, eventually, story, storyServer, streamHeader, Wire } from "@rollcall/testkit";
import {
  expectEnd,
  expectStreamError,
  nextStream,
  openStream,
  plainAuth,
  saslAnswer,
  tlsNamespace,
} from "../raw-stream.ts";

const server = await storyServer({ settings: { "tls.required": true } });
const voluntary = await storyServer();
const starttls = `<starttls xmlns='${tlsNamespace}'/>`;

async function dialTls(options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({ ...server.c2sTls, rejectUnauthorized: false, ...options });
  await once(socket, "secureConnect");
  return socket;
}

describe("STARTTLS", () => {
  test("is all that is offered in clear where TLS is required", async () => {
    const { wire, features } = await openStream(server);
    assert.equal(features.elements().length, 1);
    const offer = features.child("starttls", tlsNamespace);
    assert.deepEqual(
      offer?.elements().map(({ name, namespace, children }) => [name, namespace, children.length]),
      [["required", tlsNamespace, 0]],
    );
    wire.cut();
  });

  test("is offered without required, beside SASL, where it is voluntary", async () => {
    const { wire, features } = await openStream(voluntary);
    assert.deepEqual(features.child("starttls", tlsNamespace)?.children, []);
    assert.ok(features.child("mechanisms"));
    wire.cut();
  });

  test(
    "is answered by proceed and nothing else, and leads to a new stream with another id and SASL",
    story(server, ["juliet"], async ({ juliet }) => {
      const plain = await openStream(server, streamHeader("localhost", ` from='${juliet.jid}'`));
      const { wire } = plain;
      const before = wire.received.length;
      wire.send(starttls);
      await wire.take(({ name }) => name === "proceed", "proceed");
      assert.equal(wire.received.slice(before), `<proceed xmlns="${tlsNamespace}"/>`);
      await wire.upgrade();
      const secured = await nextStream(wire, streamHeader("localhost"));
      assert.notEqual(secured.header.id, plain.header.id);
      assert.equal(secured.header.to, undefined, "what was said in clear is forgotten");
      assert.equal(secured.features.child("starttls"), undefined);
      assert.ok(secured.features.child("mechanisms"));
      wire.cut();
    }),
  );

  test("discards what was sent in clear behind the command", async () => {
    const { wire } = await openStream(server);
    wire.send(`${starttls}${streamHeader("localhost")}${plainAuth("juliet", "secret")}`);
    await wire.take(({ name }) => name === "proceed");
    await wire.upgrade();
    await nextStream(wire, streamHeader("localhost"));
    wire.send("<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    assert.equal(await saslAnswer(wire), "failure aborted");
    assert.deepEqual(wire.takeAll(), []);
    wire.cut();
  });

  test("that comes a second time is a failure, and the end", async () => {
    const { wire } = await openStream(server, undefined, "direct");
    wire.send(starttls);
    const failure = await wire.next();
    assert.deepEqual([failure.name, failure.namespace], ["failure", tlsNamespace]);
    await expectEnd(wire);
  });

  test("whose handshake fails closes the connection, and no XML is sent in between", async () => {
    const { wire } = await openStream(server);
    wire.send(starttls);
    await wire.take(({ name }) => name === "proceed");
    const before = wire.received.length;
    wire.send("hello, this is not the hello of TLS".repeat(10));
    await wire.gone();
    assert.doesNotMatch(wire.received.slice(before), /</);
  });

  test("comes before SASL where TLS is required", async () => {
    const { wire } = await openStream(server);
    wire.send(plainAuth("juliet", "secret"));
    assert.equal(await saslAnswer(wire), "failure encryption-required");
    wire.send(starttls);
    assert.equal((await wire.next()).name, "proceed");
    wire.cut();
  });

  test("by another name in its namespace is refused, and the stream ends", async () => {
    const { wire } = await openStream(server);
    wire.send(`<stoptls xmlns='${tlsNamespace}'/>`);
    await expectStreamError(wire, "not-authorized");
  });

  test(
    "and direct TLS lead people to the same place",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await befriend(romeo, juliet);
      const balcony = await juliet.connect("balcony", { tls: "direct", endpoint: server.c2sTls });
      const orchard = await romeo.connect("orchard", { tls: "starttls", mechanism: "SCRAM-SHA-256" });
      orchard.send(`<message to='${balcony.full}' id='m'><body>by yonder moon</body></message>`);
      const message = await balcony.receive("message", { id: "m" });
      assert.equal(message.from, orchard.full);
      assert.equal(message.childText("body"), "by yonder moon");
    }),
  );
});

describe("direct TLS", () => {
  test("speaks xmpp-client by ALPN, and nothing else", async () => {
    const socket = await dialTls({ ALPNProtocols: ["xmpp-client"] });
    assert.equal(socket.alpnProtocol, "xmpp-client");
    socket.destroy();
    await assert.rejects(dialTls({ ALPNProtocols: ["h2", "http/1.1"] }));
  });

  test("needs no ALPN, and offers SASL at once", async () => {
    const { wire, features } = await openStream(server, undefined, "direct");
    assert.ok(features.child("mechanisms"));
    assert.equal(features.child("starttls"), undefined);
    wire.cut();
  });

  test("does not speak XML without TLS", async () => {
    const wire = await Wire.open(server.c2sTls);
    wire.send(streamHeader("localhost"));
    await wire.gone();
    assert.doesNotMatch(wire.received, /</);
  });

  test("that the client gives up in the middle of the handshake is forgotten", async () => {
    const socket = connect(server.c2sTls);
    await once(socket, "connect");
    socket.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]));
    socket.end();
    socket.resume();
    await once(socket, "close");
    const { wire } = await openStream(server, undefined, "direct");
    wire.cut();
  });
});

describe("what TLS is made of", () => {
  test("a certificate for the domain, of an end entity", async () => {
    const socket = await dialTls();
    const certificate = new X509Certificate(socket.getPeerCertificate(true).raw);
    assert.equal(certificate.checkHost("localhost"), "localhost");
    assert.equal(certificate.ca, false);
    assert.notEqual(certificate.subject, "");
    assert.ok(Date.parse(certificate.validTo) > Date.now());
    socket.destroy();
  });

  test("no version before 1.2", async () => {
    for (const version of ["TLSv1", "TLSv1.1"] as const) {
      await assert.rejects(
        dialTls({ minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0" }),
        version,
      );
    }
  });

  test("cipher suites with forward secrecy only", async () => {
    for (const ciphers of ["AES128-SHA", "AES256-GCM-SHA384", "AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA"]) {
      await assert.rejects(dialTls({ ciphers, maxVersion: "TLSv1.2" }), ciphers);
    }
    const older = await dialTls({ maxVersion: "TLSv1.2" });
    assert.match(older.getCipher().name, /^ECDHE-/);
    const newer = await dialTls();
    assert.equal(newer.getProtocol(), "TLSv1.3");
    older.destroy();
    newer.destroy();
  });

  test("no renegotiation: the attempt ends the connection without a stream error", async () => {
    const socket = await dialTls({ maxVersion: "TLSv1.2" });
    let said = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    socket.write(streamHeader("localhost"));
    await eventually("features come", () => said.includes("</stream:features>"));
    socket.on("error", () => {});
    const closed = once(socket, "close");
    socket.renegotiate({}, () => {});
    await closed;
    assert.doesNotMatch(said, /stream:error|<\/stream:stream>/);
  });
});
