import { test } from "node:test";
import { befriend, eventually, newcomer, type XmppClient } from "@rollcall/testkit";
import { serverProcess } from "./server-process.ts";
import { underAttack } from "./under-attack.ts";

const OUTPUT_MB = 1;
const server = await serverProcess({
  "limits.output_bytes": OUTPUT_MB * 1_048_576,
  "limits.close_seconds": 1,
});
const body = "x".repeat(10_000);

/** From now on nothing of what comes is read. */
function deafen(client: XmppClient): void {
  client.wire.socket.pause();
}

test("a client that never reads, over TLS or in clear, is disconnected when too much waits for it", async (t) => {
  const deaf = await newcomer(server, "deaf");
  const mallory = await newcomer(server, "mallory");
  await underAttack(t, server, { growthMb: 150 }, async () => {
    const victims = await Promise.all(
      Array.from({ length: 15 }, (_, index) =>
        deaf.connect(
          `r${index}`,
          index % 3 === 0 ? { tls: "direct", endpoint: server.c2sTls } : { tls: "none" },
        ),
      ),
    );
    for (const victim of victims) deafen(victim);
    const before = (await server.counters()).clientsNotReading;
    const sender = await mallory.online("r");
    for (let round = 0; round < 600; round++) {
      for (const victim of victims) {
        sender.send(`<message to='${victim.full}' type='headline'><body>${body}</body></message>`);
      }
      // Some way ahead, not arbitrarily far.
      if (round % 10 === 0) await sender.settled();
    }
    await eventually(
      "they are disconnected",
      async () => (await server.counters()).clientsNotReading - before === victims.length,
    );
  });
  deaf.leave();
  mallory.leave();
});

test("a client that asks and asks and reads no answer is not read any more", async (t) => {
  const mallory = await newcomer(server, "mallory");
  await underAttack(t, server, { growthMb: 150 }, async () => {
    const asking = await Promise.all(Array.from({ length: 5 }, (_, index) => mallory.online(`r${index}`)));
    await Promise.all(
      asking.map(async ({ wire }) => {
        wire.socket.pause();
        const requests =
          "<iq type='get' id='i' to='localhost'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>";
        const piece = requests.repeat(500);
        for (let sent = 0; sent < 400 && !wire.closed; sent++) {
          wire.socket.write(piece);
          await new Promise((resolve) => setImmediate(resolve));
        }
      }),
    );
    // 100 MB were to be sent in all: what the server does not take is still here.
    await eventually("the server takes no more", () =>
      asking.every(({ wire }) => wire.closed || wire.socket.writableLength > 1_048_576),
    );
  });
  mallory.leave();
});

test("presence for contacts that never read goes to those who do", async (t) => {
  const star = await newcomer(server, "star");
  const reader = await newcomer(server, "reader");
  const fans = await Promise.all(Array.from({ length: 20 }, (_, index) => newcomer(server, `fan${index}`)));
  await befriend(star, reader);
  for (const fan of fans) await befriend(star, fan);
  await underAttack(t, server, { growthMb: 200 }, async () => {
    const listener = await reader.online("r");
    for (const fan of fans) deafen(await fan.online("r"));
    const stage = await star.online("stage");
    for (let round = 0; round < 1_000; round++) {
      stage.send(`<presence id='s${round}'><status>${body.slice(0, 5_000)}</status></presence>`);
      if (round % 50 === 0) await stage.settled();
    }
    await listener.receive("presence", { id: "s999", from: stage.full });
  });
  for (const person of [star, reader, ...fans]) person.leave();
});

test("nothing of it is left", async () => {
  await eventually("all connections are gone", async () => (await server.counters()).connections === 0);
});
