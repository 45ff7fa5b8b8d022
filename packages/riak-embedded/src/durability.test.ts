import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { silentLogger } from "@rollcall/telemetry";
import { openEmbeddedRiak } from "./embedded-riak.ts";
import { EmbeddedRiakError } from "./embedded-riak-error.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

const WRITER = fileURLToPath(new URL("./testing/durability-writer.js", import.meta.url));

/** Resolves with the numbers that were answered before the process was killed. */
async function writeUntilKilled(writer: ChildProcess, answers: number): Promise<number[]> {
  const answered: number[] = [];
  writer.on("message", (number: number) => {
    answered.push(number);
    if (answered.length === answers) writer.kill("SIGKILL");
  });
  await once(writer, "close");
  return answered;
}

test("no answered write is lost when the process is killed, and the store opens again at once", async (t) => {
  const directory = temporaryDirectory();
  t.after(() => directory.remove());
  const open = () => openEmbeddedRiak({ dir: directory.path, logger: silentLogger });
  for (const answers of [50, 400, 1000]) {
    const writer = fork(WRITER, [directory.path]);
    await once(writer, "message");
    await assert.rejects(
      open(),
      (error: unknown) =>
        error instanceof EmbeddedRiakError &&
        error.code === "in-use" &&
        error.message.includes(`open in process ${writer.pid}`),
    );
    const answered = await writeUntilKilled(writer, answers);
    assert.ok(answered.length >= answers);
    const riak = await open();
    for (const number of answered) {
      const { status, body } = await riak.handle({
        method: "GET",
        path: `/buckets/numbers/keys/${number}`,
        headers: {},
        body: undefined,
        timeoutMs: 10_000,
      });
      assert.equal(status, 200, `object ${number}`);
      assert.equal(Buffer.from(body).toString(), `value of ${number} `.repeat(50));
    }
    await riak.close();
  }
});
