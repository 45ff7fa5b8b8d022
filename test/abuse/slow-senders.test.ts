import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, test } from "node:test";
import { eventually, newcomer, streamHeader } from "@rollcall/testkit";
import { serverProcess } from "./server-process.ts";
import { underAttack } from "./under-attack.ts";

const server = await serverProcess({ "limits.login_seconds": 3, "limits.close_seconds": 1 });

/** A connection whose end is all that is of interest. */
async function dial(
  endpoint = server.c2s,
): Promise<{ socket: Socket; said: () => string; closed: Promise<unknown> }> {
  const socket = connect(endpoint);
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.setNoDelay(true);
  let said = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  return { socket, said: () => said, closed: once(socket, "close") };
}

async function trickle(socket: Socket, text: string): Promise<void> {
  for (const byte of Buffer.from(text)) {
    if (socket.destroyed) return;
    socket.write(Buffer.of(byte));
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

describe("connections that take their time", { concurrency: true }, () => {
  test("clients that send a byte now and then lose their connection when the time for the login is over", async (t) => {
    await underAttack(t, server, { growthMb: 150 }, async () => {
      const clients = await Promise.all(Array.from({ length: 400 }, () => dial()));
      for (const { socket } of clients)
        void trickle(socket, `${streamHeader("localhost")}<auth xmlns='x'>`.repeat(3));
      await Promise.all(clients.map(({ closed }) => closed));
      for (const { said } of clients) assert.match(said(), /<policy-violation .*<\/stream:stream>$/s);
    });
  });

  test("clients that say half of a header, or nothing at all, lose their connection as well", async (t) => {
    await underAttack(t, server, { growthMb: 150 }, async () => {
      const clients = await Promise.all(Array.from({ length: 300 }, () => dial()));
      for (const [index, { socket }] of clients.entries()) {
        if (index % 3 === 0) socket.write("<stream:stream to='local");
        if (index % 3 === 1) socket.write(`${streamHeader("localhost")}<iq type='set' id='b'><bind`);
      }
      await Promise.all(clients.map(({ closed }) => closed));
      for (const { said } of clients) assert.match(said(), /<policy-violation .*<\/stream:stream>$/s);
    });
  });

  test("TLS handshakes that stop in the middle are given up without a word", async (t) => {
    await underAttack(t, server, { growthMb: 150 }, async () => {
      const clients = await Promise.all(Array.from({ length: 300 }, () => dial(server.c2sTls)));
      for (const [index, { socket }] of clients.entries()) {
        if (index % 2 === 0) socket.write(Buffer.from([0x16, 0x03, 0x01, 0x20, 0x00, 0x01, 0x00]));
      }
      await Promise.all(clients.map(({ closed }) => closed));
      for (const { said } of clients) assert.equal(said(), "");
    });
  });
});

test("stanzas that come in single bytes are put together, and cost others nothing", async (t) => {
  const slow = await newcomer(server, "slow");
  const friend = await newcomer(server, "friend");
  await underAttack(t, server, { growthMb: 150 }, async () => {
    const desk = await friend.online("desk");
    const sessions = await Promise.all(Array.from({ length: 10 }, (_, index) => slow.online(`r${index}`)));
    const body = "x".repeat(2_000);
    await Promise.all(
      sessions.map(async (session, index) => {
        for (const byte of `<message to='${desk.full}' id='s${index}'><body>${body}</body></message>`) {
          session.send(byte);
          await new Promise((resolve) => setImmediate(resolve));
        }
        const message = await desk.receive("message", { id: `s${index}` });
        assert.equal(message.childText("body"), body);
      }),
    );
    slow.leave();
    friend.leave();
  });
});

test("nothing of them is left", async () => {
  await eventually("all connections are gone", async () => (await server.counters()).connections === 0);
});
