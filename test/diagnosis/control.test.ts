/** Operators change what running processes trace and log: everybody who is there does it. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { createLogger } from "@rollcall/telemetry";
import { eventually, needs, Person, startOtlpReceiver, startServer } from "@rollcall/testkit";

interface Answer {
  readonly processes: readonly {
    readonly kind: string;
    readonly result: string;
    readonly message?: string;
  }[];
  readonly missing: readonly string[];
}

const compositions = [
  { name: "in one process", composition: "memory", kinds: ["all-in-one"], skip: false },
  {
    name: "in a cluster",
    composition: "nats",
    kinds: ["connection", "connection", "presence", "presence", "roster", "roster"],
    skip: needs("nats-server").skip,
  },
] as const;

for (const { name, composition, kinds, skip } of compositions) {
  describe(name, { skip, timeout: 120_000 }, () => {
    test("an account is traced while an operator wants it, whatever the sampling says", async () => {
      const collector = await startOtlpReceiver();
      after(() => collector.stop());
      const server = await startServer({
        composition,
        settings: { "otlp.endpoint": collector.endpoint, "trace.percent": 0, "trace.jids": "plain" },
      });
      after(() => server.stop());
      await server.addUser(`juliet@${server.domain}`, "secret");
      const juliet = await new Person(server, "juliet", "secret", server.domain).online("balcony");
      const post = async (forMs: number): Promise<Answer> =>
        (
          await server.admin("POST", "/trace", { jid: `juliet@${server.domain}`, forMs })
        ).json() as Promise<Answer>;
      const say = async (id: string): Promise<void> => {
        juliet.send(`<message to='${juliet.full}' id='${id}'/>`);
        await juliet.receive("message", { id });
      };
      await say("before");
      assert.deepEqual(
        [(await post(60_000)).processes.map(({ kind, result }) => `${kind} ${result}`)],
        [kinds.map((kind) => `${kind} done`)],
      );
      await say("meanwhile");
      const isRoot = ({ parentSpanId }: { parentSpanId: string }): boolean => parentSpanId === "";
      await collector.trace("the message", (spans) =>
        spans.some((span) => isRoot(span) && span.attributes["xmpp.session"] === juliet.full),
      );
      assert.deepEqual((await post(0)).missing, []);
      await say("afterwards");
      await juliet.close();
      await server.stop();
      const traced = collector.spans.filter((span) => isRoot(span) && span.name === "receive message");
      assert.equal(traced.length, 1);
    });

    test("where traces go nowhere every process says so", async () => {
      const server = await startServer({ composition });
      after(() => server.stop());
      const response = await server.admin("POST", "/trace", { jid: `juliet@${server.domain}`, forMs: 1_000 });
      const { missing, processes } = (await response.json()) as Answer;
      assert.deepEqual([processes.map(({ kind }) => kind), missing], [kinds, []]);
      for (const { message, result } of processes)
        assert.match(`${result} ${message}`, /^failed .*otlp\.endpoint/);
    });

    test("the log of every process changes its level, and takes it back", async () => {
      const lines: { event: string; level: string }[] = [];
      const logger = createLogger({
        level: "warn",
        name: "rollcall",
        write: (line) => lines.push(JSON.parse(line) as { event: string; level: string }),
      });
      const server = await startServer({ composition, logger });
      after(() => server.stop());
      const response = await server.admin("POST", "/log-level", { level: "debug", forMs: 400 });
      const { missing, processes } = (await response.json()) as Answer;
      assert.deepEqual(
        [processes.map(({ kind, result }) => `${kind} ${result}`), missing],
        [kinds.map((kind) => `${kind} done`), []],
      );
      await eventually("it is back", () => logger.level === "warn");
      assert.ok(lines.some(({ event }) => event === "log.level-changed"));
    });
  });
}
