import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { NatsConnection } from "@nats-io/transport-node";
import { channels, type DeliverStanza, partitionOf } from "@rollcall/contracts";
import { natsServerMissing, startNatsServer, type TestNatsServer } from "@rollcall/nats/testing";
import { silentLogger } from "@rollcall/telemetry";
import { type BareJid, makeStanza } from "@rollcall/xmpp";
import { busContract } from "../bus.contract.ts";
import { type Bus, done } from "../bus.ts";
import { BusError } from "../bus-error.ts";
import { FixedOwners, FixedServing } from "../testing/fixed-owners.ts";
import { createNatsBus, type NatsBus, type NatsBusOptions } from "./nats-bus.ts";

const romeo = "romeo@example.net" as BareJid;
const juliet = "juliet@example.com" as BareJid;

function delivery(at: number): DeliverStanza {
  return { stanza: makeStanza("message", { to: juliet, id: `m${at}` }), failedSession: undefined, at };
}

const missing = natsServerMissing();
let started: Promise<TestNatsServer> | undefined;
let lastProcess = 0;

function shared(): Promise<TestNatsServer> {
  started ??= startNatsServer();
  return started;
}

interface ConnectedBus {
  readonly processId: string;
  readonly bus: NatsBus;
  readonly connection: NatsConnection;
  close(): Promise<void>;
}

async function connectBus(
  processId: string,
  owners: FixedOwners,
  serving: FixedServing | undefined,
  {
    server = shared(),
    ...more
  }: Partial<NatsBusOptions> & { server?: TestNatsServer | Promise<TestNatsServer> } = {},
): Promise<ConnectedBus> {
  const connection = await (await server).connect(processId);
  const bus = createNatsBus({
    connection,
    processId,
    logger: silentLogger,
    owners: { "roster-owner": owners, "presence-owner": owners },
    serving: serving === undefined ? {} : { "roster-owner": serving, "presence-owner": serving },
    retryMs: 1,
    attempts: 10,
    ownerPatienceMs: 1_500,
    nodePatienceMs: 500,
    ...more,
  });
  await connection.flush();
  return {
    processId,
    bus,
    connection,
    close: async () => {
      await bus.close();
      await connection.close();
    },
  };
}

function processId(name: string): string {
  lastProcess += 1;
  return `${name}-${lastProcess}`;
}

after(async () => (await started)?.stop());

describe("over a real server", { skip: missing, timeout: 60_000 }, () => {
  test("what waits for an owner is seen to wait, and measured when it leaves", async () => {
    const owners = new FixedOwners(undefined);
    const owner = processId("owner");
    const sending = await connectBus(processId("node"), owners, undefined);
    const handling = await connectBus(owner, new FixedOwners(owner), new FixedServing(true));
    handling.bus.consume(channels.deliver, {}, () => done);
    const lanes = () =>
      sending.bus.laneNumbers() as {
        readonly outWaiting: number;
        readonly outUnderWay: number;
        readonly oldestOut: number;
        readonly laneSeconds: { readonly count: number; readonly sum: number };
      };
    const sent = sending.bus.publish(channels.deliver, juliet, delivery(1));
    assert.equal(lanes().outWaiting, 1);
    assert.equal(lanes().laneSeconds.count, 0);
    while (lanes().oldestOut < 0.02) await new Promise((resolve) => setTimeout(resolve, 5));
    owners.move(partitionOf(juliet), owner);
    assert.equal(lanes().outWaiting, 0);
    assert.equal(lanes().outUnderWay, 1);
    await sent;
    assert.equal(lanes().outUnderWay, 0);
    assert.equal(lanes().oldestOut, 0);
    assert.equal(lanes().laneSeconds.count, 1);
    assert.ok(lanes().laneSeconds.sum >= 0.02);
    await sending.close();
    await handling.close();
  });

  test("what a process does not take is counted by the reason", async () => {
    const owner = processId("owner");
    const owners = new FixedOwners(owner);
    const sending = await connectBus(processId("node"), owners, undefined);
    const serving = new FixedServing(false);
    const handling = await connectBus(owner, owners, serving);
    handling.bus.consume(channels.deliver, {}, () => done);
    const refused = () =>
      handling.bus.laneNumbers() as { readonly refusedNotOwner: number; readonly refusedFenced: number };
    const sent = sending.bus.publish(channels.deliver, juliet, delivery(1));
    while (refused().refusedNotOwner === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    serving.serve(partitionOf(juliet));
    await sent;
    assert.equal(refused().refusedFenced, 0);
    owners.move(partitionOf(romeo), "somebody-else");
    const late = { actingFor: { address: "roster-owner", account: romeo } } as const;
    const behind = new FixedOwners(owner);
    const frozen = await connectBus(processId("frozen"), behind, undefined);
    await assert.rejects(frozen.bus.publish(channels.deliver, juliet, delivery(2), late), { code: "fenced" });
    assert.equal(refused().refusedFenced, 1);
    for (const each of [sending, handling, frozen]) await each.close();
  });

  busContract("the bus over NATS, to itself,", async () => {
    const self = processId("self");
    const one = await connectBus(self, new FixedOwners(self), new FixedServing(true));
    const other = await connectBus(processId("node"), new FixedOwners(self), undefined);
    return {
      bus: one.bus,
      nodes: [
        { nodeId: self, bus: one.bus },
        { nodeId: other.processId, bus: other.bus },
      ],
      close: async () => {
        await one.close();
        await other.close();
      },
    };
  });

  busContract("the bus over NATS, between processes,", async () => {
    const owner = processId("owner");
    const handling = await connectBus(owner, new FixedOwners(owner), new FixedServing(true));
    const sending = await connectBus(processId("node"), new FixedOwners(owner), undefined);
    const bus: Bus = {
      publish: (...args) => sending.bus.publish(...args),
      multicast: (...args) => sending.bus.multicast(...args),
      request: (...args) => sending.bus.request(...args),
      consume: (...args) => handling.bus.consume(...args),
      consumeMulticast: (...args) => handling.bus.consumeMulticast(...args),
      answer: (...args) => handling.bus.answer(...args),
      drain: () => sending.bus.drain(),
    };
    return {
      bus,
      nodes: [
        { nodeId: owner, bus: handling.bus },
        { nodeId: sending.processId, bus: sending.bus },
      ],
      close: async () => {
        await sending.close();
        await handling.close();
      },
    };
  });
});

describe("between processes", { skip: missing, timeout: 60_000 }, () => {
  test("messages of a partition keep their order and come once while its owner changes, with the same id", async () => {
    const [first, second] = [processId("owner"), processId("owner")];
    const owners = new FixedOwners(first);
    const servings = [new FixedServing(true), new FixedServing(false)] as const;
    const sender = await connectBus(processId("node"), owners, undefined, { ownerPatienceMs: 20_000 });
    const handlers = [
      await connectBus(first, owners, servings[0]),
      await connectBus(second, owners, servings[1]),
    ] as const;
    const seen: number[] = [];
    const ids = new Set<string | undefined>();
    for (const { bus } of handlers) {
      bus.consume(channels.deliver, {}, (_key, { at }, { id, from }) => {
        seen.push(at);
        ids.add(id);
        assert.equal(from, sender.processId);
        return done;
      });
    }
    const partition = partitionOf(juliet);
    const sent: Promise<void>[] = [];
    const publish = (count: number): void => {
      for (let i = 0; i < count; i += 1) {
        sent.push(sender.bus.publish(channels.deliver, juliet, delivery(sent.length)));
      }
    };
    for (let move = 0; move < 6; move += 1) {
      publish(50);
      await Promise.race(sent.slice(-50));
      publish(50);
      const [from, to] = move % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const);
      await servings[from].lose(partition);
      publish(20);
      servings[to].serve(partition);
      owners.move(partition, handlers[to].processId);
      publish(20);
    }
    await Promise.all(sent);
    assert.deepEqual(seen, Array.from(sent.keys()));
    assert.equal(ids.size, sent.length);
    for (const one of [sender, ...handlers]) await one.close();
  });

  test("what is under way when NATS restarts arrives once and in order afterwards", async () => {
    const nats = await startNatsServer();
    const owner = processId("owner");
    const owners = new FixedOwners(owner);
    const at = { server: nats, ownerPatienceMs: 20_000 };
    const handling = await connectBus(owner, owners, new FixedServing(true), at);
    const sending = await connectBus(processId("node"), owners, undefined, at);
    const seen: number[] = [];
    handling.bus.consume(channels.deliver, {}, (_key, payload) => {
      seen.push(payload.at);
      return done;
    });
    const sent: Promise<void>[] = [];
    const publish = (count: number): void => {
      for (let i = 0; i < count; i += 1) {
        sent.push(sending.bus.publish(channels.deliver, juliet, delivery(sent.length)));
      }
    };
    for (let round = 0; round < 3; round += 1) {
      publish(200);
      await sent.at(-200);
      publish(100);
      await nats.halt("SIGKILL");
      publish(100);
      await nats.resume();
      publish(100);
      await Promise.all(sent);
    }
    assert.deepEqual(seen, Array.from(sent.keys()));
    await sending.close();
    await handling.close();
    await nats.stop();
  });

  test("an owner that is replaced is told so when it goes on acting, and nobody handles what it says", async () => {
    const zombie = processId("owner");
    const stale = new FixedOwners(zombie);
    const acting = await connectBus(zombie, stale, new FixedServing(true));
    const successor = processId("owner");
    const current = new FixedOwners(zombie);
    const handling = await connectBus(successor, current, new FixedServing(true));
    stale.move(partitionOf(juliet), successor);
    let handled = 0;
    handling.bus.consume(channels.deliver, {}, () => {
      handled += 1;
      return done;
    });
    const actingFor = { address: "roster-owner", account: romeo } as const;
    await acting.bus.publish(channels.deliver, juliet, delivery(1), { actingFor });
    current.move(7, successor);
    current.move(partitionOf(romeo), successor);
    await assert.rejects(acting.bus.publish(channels.deliver, juliet, delivery(2), { actingFor }), {
      code: "fenced",
    });
    assert.equal(handled, 1);
    await acting.close();
    await handling.close();
  });

  test("what is larger than a message of NATS arrives, also as an answer, and holds up nothing behind it", async () => {
    const name = processId("owner");
    const owners = new FixedOwners(name);
    const asker = await connectBus(processId("node"), owners, undefined);
    const owner = await connectBus(name, owners, new FixedServing(true));
    const large = "ö".repeat(1_500_000);
    const seen: number[] = [];
    owner.bus.consume(channels.deliver, {}, (_key, { stanza, at }) => {
      seen.push(at);
      assert.ok(at === 2 || stanza.payload === large);
      return done;
    });
    const contact = { name: large };
    owner.bus.answer(channels.rosterAdmin, {}, () => {
      return { kind: "roster" as const, version: "1", contacts: { [romeo]: contact } };
    });
    const stanza = makeStanza("message", { to: juliet, payload: large });
    const sent = [1, 2, 3].map((at) =>
      asker.bus.publish(channels.deliver, juliet, at === 2 ? delivery(2) : { ...delivery(at), stanza }),
    );
    await Promise.all(sent);
    assert.deepEqual(seen, [1, 2, 3]);
    const answer = await asker.bus.request(channels.rosterAdmin, juliet, { kind: "show" });
    assert.deepEqual(answer, { kind: "roster", version: "1", contacts: { [romeo]: contact } });
    await asker.close();
    await owner.close();
  });

  test("what was answered while the asker stood still counts, however long that was", async () => {
    const name = processId("owner");
    const owners = new FixedOwners(name);
    const asker = await connectBus(processId("node"), owners, undefined);
    const owner = await connectBus(name, owners, new FixedServing(true));
    const answer = { exists: true, inRoster: true, subscription: "both" } as const;
    owner.bus.answer(channels.subscribers, {}, () => {
      // The asker is the same process.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_500);
      return answer;
    });
    const question = { account: juliet, prober: romeo };
    assert.deepEqual(await asker.bus.request(channels.subscribers, juliet, question, 1_000), answer);
    await asker.close();
    await owner.close();
  });

  test("what an owner did counts only while it is the owner, or gives the partition away", async () => {
    const name = processId("owner");
    const owners = new FixedOwners(name);
    const serving = new FixedServing(true);
    const asker = await connectBus(processId("node"), owners, undefined);
    const owner = await connectBus(name, owners, serving);
    const partition = partitionOf(juliet);
    let before = async (): Promise<void> => {};
    let handled = 0;
    const answer = { exists: true, inRoster: true, subscription: "from" } as const;
    owner.bus.answer(channels.subscribers, {}, async () => {
      handled += 1;
      await before();
      return answer;
    });
    owner.bus.consume(channels.presenceCommands, {}, async () => {
      handled += 1;
      await before();
      return done;
    });
    const ask = () => asker.bus.request(channels.subscribers, juliet, { account: juliet, prober: romeo });
    const command = () =>
      asker.bus.publish(channels.presenceCommands, juliet, {
        kind: "end-session",
        session: { node: "n", session: 1 },
        at: 0,
      });
    for (const send of [ask, command]) {
      handled = 0;
      before = async () => {
        serving.expire(partition);
        // Whoever comes next has it back.
        before = async () => {};
        setTimeout(() => serving.serve(partition), 20);
      };
      await send();
      assert.equal(handled, 2);
      handled = 0;
      before = async () => {
        void serving.lose(partition);
      };
      await send();
      assert.equal(handled, 1);
      serving.serve(partition);
    }
    before = () => Promise.reject(new BusError("fenced", "there is a later owner"));
    handled = 0;
    const refused = asker.bus.request(channels.subscribers, juliet, { account: juliet, prober: romeo }, 50);
    await assert.rejects(refused);
    before = async () => {};
    assert.deepEqual(await ask(), answer, "questions do not wait for each other");
    await asker.close();
    await owner.close();
  });

  for (const isHandOver of [false, true]) {
    const how = isHandOver ? "given away" : "lost";
    test(`work of partitions that are ${how} together does not wait for itself`, async () => {
      const name = processId("owner");
      const owners = new FixedOwners(name);
      const serving = new FixedServing(true);
      const asker = await connectBus(processId("node"), owners, undefined);
      const owner = await connectBus(name, owners, serving);
      const partitions = [partitionOf(juliet), partitionOf(romeo)];
      const finished: string[] = [];
      const begun: string[] = [];
      let isLost = (): void => {};
      const lost = new Promise<void>((resolve) => {
        isLost = resolve;
      });
      owner.bus.consume(channels.deliver, {}, () => done);
      owner.bus.consume(channels.presenceCommands, {}, async (key) => {
        begun.push(key);
        await lost;
        const other = key === juliet ? romeo : juliet;
        const actingFor = { address: "presence-owner", account: key as BareJid } as const;
        try {
          await owner.bus.publish(channels.deliver, other, delivery(1), { actingFor });
        } catch (error) {
          if (error instanceof BusError && error.code === "fenced")
            return { kind: "reject", reason: "fenced" };
          throw error;
        }
        finished.push(key);
        return done;
      });
      const session = { node: "n", session: 1 };
      const commands = [juliet, romeo].map((key) =>
        asker.bus.publish(channels.presenceCommands, key, { kind: "end-session", session, at: 0 }),
      );
      while (begun.length < 2) await new Promise((resolve) => setImmediate(resolve));
      const losing = partitions.map((partition) => serving.lose(partition, isHandOver));
      isLost();
      await Promise.all(losing);
      assert.deepEqual(finished, []);
      for (const partition of partitions) serving.serve(partition);
      await Promise.all(commands);
      assert.deepEqual(finished.sort(), [juliet, romeo]);
      await asker.close();
      await owner.close();
    });
  }

  test("a question under way is asked of the next owner", async () => {
    const [first, second] = [processId("owner"), processId("owner")];
    const owners = new FixedOwners(first);
    const asker = await connectBus(processId("node"), owners, undefined);
    const handlers = [
      await connectBus(first, owners, new FixedServing(true)),
      await connectBus(second, owners, new FixedServing(true)),
    ] as const;
    let isAsked = (): void => {};
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    handlers[0].bus.answer(channels.subscribers, {}, () => {
      isAsked();
      return new Promise<never>(() => {});
    });
    const answer = { exists: true, inRoster: true, subscription: "from" } as const;
    handlers[1].bus.answer(channels.subscribers, {}, () => answer);
    const answered = asker.bus.request(channels.subscribers, juliet, { account: juliet, prober: romeo });
    await asked;
    owners.move(partitionOf(juliet), second);
    assert.deepEqual(await answered, answer);
    for (const one of [asker, ...handlers]) await one.close();
  });
});
