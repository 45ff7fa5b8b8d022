/**
 * What every bus must do, whatever carries it. An adapter's test calls `busContract` with a way to make a bus.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { channels, type DeliverStanza, type PresenceCommand } from "@rollcall/contracts";
import { type BareJid, makeStanza } from "@rollcall/xmpp";
import { type Bus, done, type Outcome } from "./bus.ts";
import { BusError } from "./bus-error.ts";

export interface BusUnderTest {
  /** Publishes, and consumes what is addressed to owners. */
  readonly bus: Bus;
  /** Two nodes that `bus` can reach, with the bus that consumes for each. */
  readonly nodes: readonly [NodeUnderTest, NodeUnderTest];
  close(): Promise<void>;
}

export interface NodeUnderTest {
  readonly nodeId: string;
  readonly bus: Bus;
}

const romeo = "romeo@example.net" as BareJid;
const juliet = "juliet@example.com" as BareJid;
const nurse = "nurse@example.com" as BareJid;

function command(at: number): PresenceCommand {
  return { kind: "end-session", session: { node: "n", session: 1 }, at };
}

function delivery(at: number): DeliverStanza {
  return { stanza: makeStanza("message", { to: juliet, id: `m${at}` }), failedSession: undefined, at };
}

function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof BusError && error.code === code;
}

export function busContract(name: string, make: () => Promise<BusUnderTest>): void {
  const withBus = async (run: (bus: Bus, made: BusUnderTest) => Promise<void>): Promise<void> => {
    const made = await make();
    try {
      await run(made.bus, made);
    } finally {
      await made.close();
    }
  };

  describe(`${name} keeps the contract of the bus`, () => {
    test("publish resolves when the handler is done, with key and payload as sent", () =>
      withBus(async (bus) => {
        const seen: unknown[] = [];
        bus.consume(channels.presenceCommands, {}, async (key, payload) => {
          seen.push([key, payload]);
          return done;
        });
        await bus.publish(channels.presenceCommands, romeo, command(1));
        assert.deepEqual(seen, [[romeo, command(1)]]);
      }));

    test("a handler never runs inside publish", () =>
      withBus(async (bus) => {
        let ran = false;
        bus.consume(channels.deliver, {}, () => {
          ran = true;
          return done;
        });
        const published = bus.publish(channels.deliver, juliet, delivery(1));
        assert.equal(ran, false);
        await published;
        assert.equal(ran, true);
      }));

    test("a serial channel handles the messages of a key one at a time, in order, and keys side by side", () =>
      withBus(async (bus) => {
        const log: string[] = [];
        const first = gate();
        bus.consume(channels.presenceCommands, {}, async (key, payload) => {
          log.push(`start ${key} ${payload.at}`);
          if (key === romeo && payload.at === 1) await first.opened;
          log.push(`end ${key} ${payload.at}`);
          return done;
        });
        const all = [
          bus.publish(channels.presenceCommands, romeo, command(1)),
          bus.publish(channels.presenceCommands, romeo, command(2)),
        ];
        await bus.publish(channels.presenceCommands, juliet, command(3));
        assert.deepEqual(log, [`start ${romeo} 1`, `start ${juliet} 3`, `end ${juliet} 3`]);
        first.open();
        await Promise.all(all);
        assert.deepEqual(log.slice(3), [`end ${romeo} 1`, `start ${romeo} 2`, `end ${romeo} 2`]);
      }));

    test("order holds across a retry: later messages of the key wait for the one that is tried again", () =>
      withBus(async (bus) => {
        for (const channel of [channels.presenceCommands, channels.deliver] as const) {
          const started: number[] = [];
          let failures = 3;
          bus.consume(channel as typeof channels.presenceCommands, {}, (_key, payload) => {
            started.push(payload.at);
            if (payload.at === 1 && failures > 0) {
              failures -= 1;
              return { kind: "retry", afterMs: 1 };
            }
            return done;
          });
          const payload = channel === channels.deliver ? delivery : command;
          await Promise.all(
            [1, 2, 3].map((at) =>
              bus.publish(channel as typeof channels.deliver, juliet, payload(at) as DeliverStanza),
            ),
          );
          assert.deepEqual(started, [1, 1, 1, 1, 2, 3]);
        }
      }));

    test("a handler that throws is tried again", () =>
      withBus(async (bus) => {
        let tries = 0;
        bus.consume(channels.presenceCommands, {}, async () => {
          tries += 1;
          if (tries < 3) throw new Error("not yet");
          return done;
        });
        await bus.publish(channels.presenceCommands, romeo, command(1));
        assert.equal(tries, 3);
      }));

    test("a message that can never be handled is given up after a bounded number of tries, and frees its key", () =>
      withBus(async (bus) => {
        bus.consume(
          channels.presenceCommands,
          {},
          (_key, payload): Outcome => (payload.at === 1 ? { kind: "retry", afterMs: 0 } : done),
        );
        const lost = bus.publish(channels.presenceCommands, romeo, command(1));
        const next = bus.publish(channels.presenceCommands, romeo, command(2));
        await assert.rejects(lost, hasCode("gave-up"));
        await next;
      }));

    test("a rejected message is finished", () =>
      withBus(async (bus) => {
        bus.consume(channels.presenceCommands, {}, (): Outcome => ({ kind: "reject", reason: "unknown" }));
        await bus.publish(channels.presenceCommands, romeo, command(1));
      }));

    test("deliveries and multicasts of one key start in the order they were published", () =>
      withBus(async (bus) => {
        const log: string[] = [];
        bus.consume(channels.deliver, {}, (key, payload) => {
          log.push(`deliver ${key} ${payload.at}`);
          return done;
        });
        bus.consumeMulticast(channels.fanOut, {}, (keys) => {
          for (const key of keys) log.push(`fan-out ${key}`);
          return done;
        });
        const presence = { kind: "presence", stanza: makeStanza("presence", { from: romeo }) } as const;
        await Promise.all([
          bus.publish(channels.deliver, juliet, delivery(1)),
          bus.multicast(channels.fanOut, [juliet, nurse], presence),
          bus.publish(channels.deliver, juliet, delivery(2)),
        ]);
        assert.deepEqual(
          log.filter((line) => line.includes(juliet)),
          [`deliver ${juliet} 1`, `fan-out ${juliet}`, `deliver ${juliet} 2`],
        );
        assert.ok(log.includes(`fan-out ${nurse}`));
      }));

    test("a multicast waits for a key that is being retried without holding up its other keys", () =>
      withBus(async (bus) => {
        const log: string[] = [];
        let failures = 2;
        bus.consume(channels.deliver, {}, (key): Outcome => {
          failures -= 1;
          log.push(`deliver ${key}`);
          return failures >= 0 ? { kind: "retry", afterMs: 2 } : done;
        });
        bus.consumeMulticast(channels.fanOut, {}, (keys) => {
          for (const key of keys) log.push(`fan-out ${key}`);
          return done;
        });
        const presence = { kind: "presence", stanza: makeStanza("presence", { from: romeo }) } as const;
        await Promise.all([
          bus.publish(channels.deliver, juliet, delivery(1)),
          bus.multicast(channels.fanOut, [juliet, nurse], presence),
        ]);
        assert.deepEqual(log, [
          `deliver ${juliet}`,
          `fan-out ${nurse}`,
          `deliver ${juliet}`,
          `deliver ${juliet}`,
          `fan-out ${juliet}`,
        ]);
      }));

    test("a multicast to nobody is done at once", () =>
      withBus(async (bus) => {
        await bus.multicast(channels.fanOut, [], { kind: "presence", stanza: makeStanza("presence", {}) });
      }));

    test("a question gets its answer", () =>
      withBus(async (bus) => {
        bus.answer(channels.subscribers, {}, async (key, question) => ({
          exists: key === juliet && question.prober === romeo,
          inRoster: true,
          subscription: "from" as const,
        }));
        const answer = await bus.request(channels.subscribers, juliet, { account: juliet, prober: romeo });
        assert.deepEqual(answer, { exists: true, inRoster: true, subscription: "from" });
      }));

    test("a question that nobody answers in time, or that fails, is told apart from one with no owner", () =>
      withBus(async (bus) => {
        const question = { account: juliet, prober: romeo };
        await assert.rejects(bus.request(channels.subscribers, juliet, question, 100), hasCode("no-owner"));
        let answers: "never" | "throws" = "never";
        bus.answer(channels.subscribers, {}, () => {
          if (answers === "throws") throw new Error("no");
          return new Promise<never>(() => {});
        });
        await assert.rejects(bus.request(channels.subscribers, juliet, question, 100), hasCode("no-answer"));
        answers = "throws";
        await assert.rejects(bus.request(channels.subscribers, juliet, question, 5_000), hasCode("failed"));
      }));

    test("what is sent to a node reaches that node only", () =>
      withBus(async (bus, { nodes: [a, b] }) => {
        const seen: string[] = [];
        for (const node of [a, b]) {
          node.bus.consume(channels.nodeDeliveries, { nodeId: node.nodeId }, (key) => {
            seen.push(`${node.nodeId} got ${key}`);
            return done;
          });
        }
        await bus.publish(channels.nodeDeliveries, b.nodeId, { items: [] });
        await bus.publish(channels.nodeDeliveries, a.nodeId, { items: [] });
        assert.deepEqual(seen, [`${b.nodeId} got ${b.nodeId}`, `${a.nodeId} got ${a.nodeId}`]);
      }));

    test("messages wait a while for somebody to consume them, in order, then come back as no-owner", () =>
      withBus(async (bus) => {
        await assert.rejects(
          bus.publish(channels.nodeDeliveries, "gone", { items: [] }),
          hasCode("no-owner"),
        );
        const all = [1, 2, 3].map((at) => bus.publish(channels.presenceCommands, romeo, command(at)));
        const seen: number[] = [];
        bus.consume(channels.presenceCommands, {}, (_key, payload) => {
          seen.push(payload.at);
          return done;
        });
        await Promise.all(all);
        assert.deepEqual(seen, [1, 2, 3]);
      }));

    test("a full queue refuses instead of growing", () =>
      withBus(async (bus) => {
        const never = gate();
        bus.consume(channels.presenceCommands, {}, async () => {
          await never.opened;
          return done;
        });
        const all = Array.from({ length: 5_000 }, (_, at) =>
          bus.publish(channels.presenceCommands, romeo, command(at)).then(
            () => "done",
            (error: BusError) => error.code,
          ),
        );
        setImmediate(() => never.open());
        const results = await Promise.all(all);
        assert.ok(results.includes("queue-full"));
        assert.equal(results[0], "done");
      }));

    test("drain finishes what is under way, and refuses what comes after", () =>
      withBus(async (bus) => {
        const working = gate();
        let finished = false;
        bus.consume(channels.presenceCommands, {}, async () => {
          await working.opened;
          await bus.publish(channels.deliver, juliet, delivery(1));
          finished = true;
          return done;
        });
        bus.consume(channels.deliver, {}, () => done);
        const published = bus.publish(channels.presenceCommands, romeo, command(1));
        const drained = bus.drain();
        working.open();
        await drained;
        assert.equal(finished, true);
        await published;
        await assert.rejects(bus.publish(channels.deliver, juliet, delivery(2)), hasCode("closed"));
      }));

    test("a drained consumer takes nothing more and waits for what it has", () =>
      withBus(async (bus) => {
        const working = gate();
        const seen: number[] = [];
        const consumer = bus.consume(channels.presenceCommands, {}, async (_key, payload) => {
          seen.push(payload.at);
          await working.opened;
          return done;
        });
        const first = bus.publish(channels.presenceCommands, romeo, command(1));
        while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
        const drained = consumer.drain();
        const second = bus.publish(channels.presenceCommands, juliet, command(2));
        working.open();
        await Promise.all([first, drained]);
        await assert.rejects(second, hasCode("no-owner"));
        assert.deepEqual(seen, [1]);
      }));
  });
}
