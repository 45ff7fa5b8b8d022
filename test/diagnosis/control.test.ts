/** Operators ask running processes: everybody who is there answers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { needs, startServer } from "@rollcall/testkit";

interface Answer {
  readonly processes: readonly { readonly kind: string; readonly result: string }[];
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
  test(`${name} every process hears that an account is to be traced`, { skip, timeout: 60_000 }, async () => {
    const server = await startServer({ composition });
    try {
      const response = await server.admin("POST", "/trace", { jid: `juliet@${server.domain}`, forMs: 1_000 });
      const answer = (await response.json()) as Answer;
      assert.deepEqual(
        answer.processes.map(({ kind }) => kind),
        kinds,
      );
      assert.deepEqual(answer.missing, []);
    } finally {
      await server.stop();
    }
  });
}
