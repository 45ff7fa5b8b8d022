import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { describe, test } from "node:test";
import { connect as connectTls } from "node:tls";
import {
  befriend,
  type Endpoint,
  eventually,
  newcomer,
  PATIENCE_MS,
  startServer,
  story,
  storyServer,
  streamHeader,
} from "@rollcall/testkit";
import { openStream } from "../raw-stream.ts";

const server = await storyServer();

/** A relay that remembers what came from the server, as a look at the network would. */
async function relay(
  target: Endpoint,
): Promise<{ endpoint: Endpoint; heard: Buffer[]; ended: () => boolean; close(): void }> {
  const heard: Buffer[] = [];
  let ended = false;
  const listener = createServer({ allowHalfOpen: true }, (client: Socket) => {
    const upstream = connect({ ...target, allowHalfOpen: true });
    client.pipe(upstream);
    upstream.on("data", (chunk) => heard.push(chunk));
    upstream.on("end", () => {
      ended = true;
    });
    upstream.pipe(client);
    upstream.on("error", () => client.destroy());
    client.on("error", () => upstream.destroy());
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  assert.ok(typeof address === "object" && address !== null);
  return {
    endpoint: { host: "127.0.0.1", port: address.port },
    heard,
    ended: () => ended,
    close: () => void listener.close(),
  };
}

describe("a client that ends its stream", () => {
  test(
    "is answered by the end of the server's, after what it sent before was handled, and then TCP is closed",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await befriend(romeo, juliet);
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      await balcony.receive("presence", { from: orchard.full });
      orchard.send(`<message to='${juliet.jid}' id='last'><body>good night</body></message></stream:stream>`);
      await orchard.wire.gone();
      assert.ok(orchard.wire.ended);
      assert.ok(orchard.wire.received.endsWith("</stream:stream>"));
      await balcony.receive("message", { from: orchard.full, id: "last" });
      await balcony.receive("presence", { from: orchard.full, type: "unavailable" });
    }),
  );

  test("has nothing more handled that it sends behind the end", async () => {
    const { wire } = await openStream(server);
    wire.send(`</stream:stream>${streamHeader("localhost")}`);
    await wire.gone();
    assert.equal(wire.received.match(/<stream:stream /g)?.length, 1);
    assert.ok(wire.received.endsWith("</stream:stream>"));
  });

  test("gets close_notify before TCP is closed", async () => {
    const network = await relay(server.c2sTls);
    // Up to TLS 1.2 the type of an alert can be seen from outside.
    const client = connectTls({ ...network.endpoint, rejectUnauthorized: false, maxVersion: "TLSv1.2" });
    client.resume();
    client.write(`${streamHeader("localhost")}</stream:stream>`);
    await new Promise<void>((resolve, reject) => {
      client.once("end", resolve);
      client.once("error", reject);
      setTimeout(() => reject(new Error("no end came")), PATIENCE_MS).unref();
    });
    await eventually("the server closes TCP", network.ended);
    const types: number[] = [];
    const bytes = Buffer.concat(network.heard);
    for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) types.push(bytes[at] ?? 0);
    assert.equal(types.at(-1), 21, `records: ${types}`);
    client.destroy();
    network.close();
  });

  test(
    "or loses its connection is gone for its contacts, without more ado",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      await befriend(romeo, juliet);
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      await balcony.receive("presence", { from: orchard.full, type: undefined });
      orchard.cut();
      await balcony.receive("presence", { from: orchard.full, type: "unavailable" });
    }),
  );
});

describe("a server that shuts down", () => {
  test("says so to every client, and takes what they send until they end their streams", async () => {
    const ending = await startServer();
    const stopped = { yet: false };
    try {
      const romeo = await newcomer(ending, "romeo");
      const juliet = await newcomer(ending, "juliet");
      const orchard = await romeo.online("orchard");
      const balcony = await juliet.online("balcony");
      const nurse = await openStream(ending);
      const stop = ending.stop().then(() => {
        stopped.yet = true;
      });
      for (const wire of [orchard.wire, balcony.wire, nurse.wire]) {
        const error = await wire.take(({ name }) => name === "error");
        assert.equal(error.elements()[0]?.name, "system-shutdown");
        await eventually("the server ends its stream", () => wire.ended);
        assert.ok(!wire.closed, "TCP is closed after the client's end only");
      }
      orchard.send(`<message to='${juliet.jid}' id='late'><body>farewell</body></message></stream:stream>`);
      for (const wire of [balcony.wire, nurse.wire]) wire.send("</stream:stream>");
      await Promise.all([orchard.wire.gone(), balcony.wire.gone(), nurse.wire.gone()]);
      for (const wire of [orchard.wire, balcony.wire, nurse.wire]) {
        assert.ok(wire.received.endsWith("</stream:stream>"), "nothing comes behind the end");
      }
      await stop;
    } finally {
      if (!stopped.yet) await ending.stop();
    }
  });
});
