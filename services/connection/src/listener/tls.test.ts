import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, test } from "node:test";
import {
  readServerFirst,
  saltPassword,
  scramClientFinal,
  scramClientFirst,
  scramClientKeys,
} from "@rollcall/xmpp";
import { eventually } from "../testing/eventually.ts";
import { base64, plainAuth, ScriptedClient, streamHeader } from "../testing/scripted-client.ts";
import { startConnection } from "../testing/start-connection.ts";

const STARTTLS = '<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>';
const required = { settings: { "tls.required": true } };

describe("STARTTLS", () => {
  test("leads to a new stream with SASL, and is not offered again", async (t) => {
    const { connect: dial } = await startConnection(t, required);
    const client = await dial();
    const plain = await client.open();
    assert.match(
      plain,
      /<stream:features><starttls xmlns="[^"]*"><required\/><\/starttls><\/stream:features>$/,
    );
    client.send(STARTTLS);
    assert.equal(await client.expect("/>"), '<proceed xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>');
    await client.startTls();
    const secured = await client.open();
    assert.match(secured, /<mechanism>SCRAM-SHA-256-PLUS<\/mechanism>.*<mechanism>PLAIN<\/mechanism>/);
    assert.doesNotMatch(secured, /starttls/);
    assert.notEqual(/id="([^"]+)"/.exec(secured)![1], /id="([^"]+)"/.exec(plain)![1]);
    await client.authenticate("juliet");
    await client.open();
    assert.match(await client.bind("balcony"), /juliet@example\.org\/balcony/);
  });

  test("forgets what was sent in clear behind the command", async (t) => {
    const { connect: dial, service } = await startConnection(t, required);
    const client = await dial();
    await client.open();
    client.send(STARTTLS + streamHeader() + plainAuth("juliet", "secret"));
    await client.expect("<proceed");
    await client.startTls();
    client.send(streamHeader());
    const secured = await client.expect("</stream:features>");
    assert.doesNotMatch(secured, /success|failure/);
    assert.equal(service.counters().logins, 0);
    assert.equal(service.counters().authenticationFailures, 0);
  });

  test("a second time is a failure that ends the stream", async (t) => {
    const { service } = await startConnection(t, required);
    const client = await ScriptedClient.connectTls(service.addresses().c2sTls);
    await client.open();
    client.send(STARTTLS);
    const rest = await client.expect("</stream:stream>");
    assert.match(rest, /^<failure xmlns="urn:ietf:params:xml:ns:xmpp-tls"\/><\/stream:stream>$/);
  });

  test("is voluntary where the operator says so", async (t) => {
    const { connect: dial } = await startConnection(t);
    const client = await dial();
    assert.match(await client.open(), /<starttls xmlns="[^"]*"\/><mechanisms/);
    client.send(STARTTLS);
    await client.expect("<proceed");
    await client.startTls();
    await client.open();
    await client.authenticate("juliet");
  });

  test("that fails closes the connection without a word", async (t) => {
    const { connect: dial } = await startConnection(t, required);
    const client = await dial();
    await client.open();
    client.send(STARTTLS);
    await client.expect("/>");
    client.send("this is no handshake, and long enough to be seen as none");
    assert.doesNotMatch(await client.expectEnd(), /stream/);
  });
});

describe("direct TLS", () => {
  test("begins with SASL, and is chosen by ALPN", async (t) => {
    const { service } = await startConnection(t);
    const client = await ScriptedClient.connectTls(service.addresses().c2sTls, {
      ALPNProtocols: ["xmpp-client"],
      servername: "example.org",
    });
    assert.equal(client.tls.alpnProtocol, "xmpp-client");
    assert.match(await client.open(), /<mechanisms/);
    await client.authenticate("juliet");
    await client.open();
    await client.bind("balcony");
    client.send("</stream:stream>");
    assert.equal(await client.expectEnd(), "</stream:stream>");
  });

  test("does without ALPN, and refuses another protocol", async (t) => {
    const { service } = await startConnection(t);
    const client = await ScriptedClient.connectTls(service.addresses().c2sTls);
    await client.open();
    await assert.rejects(
      ScriptedClient.connectTls(service.addresses().c2sTls, { ALPNProtocols: ["http/1.1"] }),
    );
  });

  test("does not go below TLS 1.2", async (t) => {
    const { service } = await startConnection(t);
    await assert.rejects(
      ScriptedClient.connectTls(service.addresses().c2sTls, {
        minVersion: "TLSv1",
        maxVersion: "TLSv1.1",
        ciphers: "DEFAULT@SECLEVEL=0",
      }),
    );
  });

  test("offers channel binding over TLS 1.3 only", async (t) => {
    const { service } = await startConnection(t);
    const modern = await ScriptedClient.connectTls(service.addresses().c2sTls);
    assert.match(await modern.open(), /-PLUS.*<channel-binding type="tls-exporter"\/>/);
    const older = await ScriptedClient.connectTls(service.addresses().c2sTls, { maxVersion: "TLSv1.2" });
    assert.doesNotMatch(await older.open(), /PLUS|channel-binding/);
  });

  test("binds an authentication to its connection", async (t) => {
    const { service } = await startConnection(t);
    const client = await ScriptedClient.connectTls(service.addresses().c2sTls);
    await client.open();
    const data = client.tls.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
    for (const binding of [Buffer.alloc(32), data]) {
      const first = scramClientFirst({
        username: "juliet",
        nonce: "abcdefgh",
        channelBinding: { type: "tls-exporter", data: binding },
      });
      client.send(
        `<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="SCRAM-SHA-256-PLUS">${base64(first.message)}</auth>`,
      );
      const challenge = /<challenge [^>]*>([^<]*)</.exec(await client.expect("</challenge>"))![1]!;
      const server = readServerFirst(first, Buffer.from(challenge, "base64"));
      const salted = await saltPassword("SCRAM-SHA-256", "secret", server.salt, server.iterations);
      const final = scramClientFinal(
        "SCRAM-SHA-256",
        first,
        server,
        scramClientKeys("SCRAM-SHA-256", salted!),
      );
      client.send(`<response xmlns="urn:ietf:params:xml:ns:xmpp-sasl">${base64(final.message)}</response>`);
      await client.expect(binding === data ? "</success>" : "<not-authorized/></failure>");
    }
  });

  test("ends when the client wants to renegotiate, without a stream error", async (t) => {
    const { service } = await startConnection(t);
    const client = await ScriptedClient.connectTls(service.addresses().c2sTls, { maxVersion: "TLSv1.2" });
    await client.open();
    client.tls.renegotiate({ rejectUnauthorized: false }, () => {});
    assert.equal(await client.expectEnd(), "");
    await eventually(() => assert.equal(service.counters().connections, 0));
    assert.equal(service.counters().streamFaults, 0);
  });

  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    test(`ends at once when a record of ${maxVersion} cannot be authenticated`, async (t) => {
      const { service } = await startConnection(t);
      const { host, port } = service.addresses().c2sTls!;
      const upstream = connect(port, host);
      upstream.on("error", () => {});
      // Between client and server: what the client sends goes on, until the forged record does.
      const between = createServer((socket) => {
        socket.on("error", () => {});
        socket.pipe(upstream).pipe(socket);
      }).listen(0, "127.0.0.1");
      t.after(() => between.close());
      await once(between, "listening");
      const { port: relayed } = between.address() as AddressInfo;
      const client = await ScriptedClient.connectTls({ host, port: relayed }, { maxVersion });
      await client.open();
      const closed = once(upstream, "close");
      const record = Buffer.alloc(5 + 64, 7);
      record.set([0x17, 0x03, 0x03, 0, 64]);
      upstream.write(record);
      await closed;
      await eventually(() => assert.equal(service.counters().connections, 0));
      assert.equal(service.counters().streamFaults, 0);
    });
  }

  test("that fails is forgotten", async (t) => {
    const { service } = await startConnection(t);
    const { host, port } = service.addresses().c2sTls!;
    const socket = connect(port, host);
    socket.on("error", () => {});
    socket.write("<stream:stream this is not a handshake>");
    socket.resume();
    await once(socket, "close");
    const next = await ScriptedClient.connectTls(service.addresses().c2sTls);
    await next.open();
    assert.equal(service.counters().connections, 1);
    assert.equal(service.counters().streamFaults, 0);
  });
});
