import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { eventually, newcomer, streamHeader } from "@rollcall/testkit";
import { openFilesLimit, serverProcess } from "./server-process.ts";
import { underAttack } from "./under-attack.ts";

const WANTED = 10_000;
/** For what both processes have open besides. */
const RESERVED_FILES = 500;
const AT_A_TIME = 250;
const KILOBYTES_EACH = 24;

const crowd = Math.min(WANTED, openFilesLimit() - RESERVED_FILES);
const server = await serverProcess({
  "limits.unauthenticated": 20_000,
  "limits.login_seconds": 600,
  "log.level": "info",
});
const limited = await serverProcess({ "limits.unauthenticated": 50, "limits.login_seconds": 600 });

async function dial(endpoint = server.c2s): Promise<Socket> {
  const socket = connect(endpoint);
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

test(`${WANTED} connections that never log in cost little, and keep nobody out`, async (t) => {
  if (crowd < WANTED) t.diagnostic(`only ${crowd}: the limit of open files does not allow more`);
  const growthMb = 100 + (crowd * KILOBYTES_EACH) / 1_024;
  const sockets: Socket[] = [];
  await underAttack(t, server, { growthMb }, async () => {
    while (sockets.length < crowd) {
      const size = Math.min(AT_A_TIME, crowd - sockets.length);
      const more = await Promise.all(Array.from({ length: size }, () => dial()));
      for (const [index, socket] of more.entries()) {
        socket.resume();
        if (index % 2 === 0) socket.write(streamHeader("localhost"));
      }
      sockets.push(...more);
    }
    await eventually("the server has them all", async () => (await server.counters()).connections >= crowd);
  });
  for (const socket of sockets) socket.destroy();
  await eventually("they are gone", async () => (await server.counters()).connections === 0);
});

test("connections that are gone as soon as they are there leave nothing behind", async (t) => {
  await underAttack(t, server, { growthMb: 100 }, async () => {
    for (let round = 0; round < 20; round++) {
      const sockets = await Promise.all(
        Array.from({ length: 200 }, (_, index) => dial(index % 2 ? server.c2s : server.c2sTls)),
      );
      for (const [index, socket] of sockets.entries()) {
        if (index % 4 < 2) socket.resetAndDestroy();
        else socket.end(streamHeader("localhost")).destroy();
      }
    }
  });
  await eventually("they are gone", async () => (await server.counters()).connections === 0);
});

test("beyond the limit of connections without a login nobody is let in, and whoever is logged in stays", async () => {
  const juliet = await newcomer(limited, "juliet");
  const balcony = await juliet.online("balcony");
  const sockets: Socket[] = [];
  let turnedAway = 0;
  for (let count = 0; count < 200; count++) {
    const socket = await dial(limited.c2s);
    socket.resume().on("close", () => {
      turnedAway++;
    });
    sockets.push(socket);
  }
  await eventually("the surplus is turned away", () => turnedAway === 150);
  assert.equal((await limited.counters()).connections, 51);
  await balcony.settled();
  for (const socket of sockets) socket.destroy();
  await eventually("there is room", async () => (await limited.counters()).connections === 1);
  await (await juliet.online("chamber")).settled();
});
