import assert from "node:assert/strict";
import { test } from "node:test";
import { type LogFields, type Logger, silentLogger } from "@rollcall/telemetry";
import { type Database, open } from "lmdb";
import { EmbeddedRiakError } from "./embedded-riak-error.ts";
import { GroupCommit } from "./group-commit.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

const LIMITS = { queuedWrites: 1000, queuedBytes: 1000 };
const nothing = (): void => {};

function openDatabase(t: { after(fn: () => Promise<void>): void }): Database<string, string> {
  const directory = temporaryDirectory();
  const database = open<string, string>({
    path: directory.path,
    encoding: "string",
    overlappingSync: false,
    eventTurnBatching: false,
  });
  t.after(async () => {
    await database.close();
    directory.remove();
  });
  return database;
}

const commitOn = (database: Database<string, string>, begin = nothing): GroupCommit =>
  new GroupCommit(database as unknown as Database<unknown, Uint8Array>, LIMITS, silentLogger, begin);

const codeIs = (code: string) => (error: unknown) =>
  error instanceof EmbeddedRiakError && error.code === code;

test("an operation that throws leaves no trace, and the others of its group are written", async (t) => {
  const database = openDatabase(t);
  const writer = commitOn(database);
  const good = writer.run(() => database.put("a", "1"), 0);
  const bad = writer.run(() => {
    void database.put("b", "2");
    throw new Error("a fault");
  }, 0);
  const alsoGood = writer.run(() => database.put("c", "3"), 0);
  await assert.rejects(bad, /a fault/);
  await Promise.all([good, alsoGood]);
  assert.deepEqual([database.get("a"), database.get("b"), database.get("c")], ["1", undefined, "3"]);
});

test("operations run in the order they came and see each other", async (t) => {
  const database = openDatabase(t);
  const writer = commitOn(database);
  const append = (letter: string) =>
    writer.run(() => database.put("k", (database.get("k") ?? "") + letter), 0);
  await Promise.all([..."abcdefgh"].map(append));
  assert.equal(database.get("k"), "abcdefgh");
});

test("bytes that may wait are bounded, but one operation of any size gets through", async (t) => {
  const writer = commitOn(openDatabase(t));
  const large = writer.run(nothing, 5000);
  await assert.rejects(writer.run(nothing, 1), codeIs("overloaded"));
  await large;
  await writer.run(nothing, 1);
});

test("close finishes what was handed in and refuses the rest", async (t) => {
  const database = openDatabase(t);
  const writer = commitOn(database);
  const last = writer.run(() => database.put("k", "last"), 0);
  await writer.close();
  await last;
  assert.equal(database.get("k"), "last");
  await assert.rejects(writer.run(nothing, 0), codeIs("closed"));
});

test("a group whose transaction must not begin is refused with the reason", async (t) => {
  const database = openDatabase(t);
  const writer = commitOn(database, () => {
    throw new EmbeddedRiakError("in-use", "taken over");
  });
  await assert.rejects(
    writer.run(() => database.put("k", "v"), 0),
    codeIs("in-use"),
  );
  assert.equal(database.get("k"), undefined);
});

test("a transaction that LMDB refuses is a typed fault with its reason in the log, and the next one goes through", async () => {
  const logged: LogFields[] = [];
  const logger: Logger = { ...silentLogger, error: (fields) => logged.push(fields), with: () => logger };
  let full = true;
  const database = {
    async childTransaction(run: () => void) {
      run();
      if (!full) return;
      throw Object.assign(new Error("Commit failed"), {
        commitError: Promise.reject(new Error("disk full")),
      });
    },
  } as unknown as Database<unknown, Uint8Array>;
  const writer = new GroupCommit(database, LIMITS, logger, nothing);
  const refused = [writer.run(nothing, 0), writer.run(nothing, 0)];
  for (const result of await Promise.allSettled(refused)) {
    assert.equal(result.status, "rejected");
    assert.ok(codeIs("write-failed")(result.reason));
  }
  assert.equal(writer.failures, 1);
  assert.deepEqual(
    logged.map(({ event, error }) => [event, (error as Error).message]),
    [["riak-embedded.write-failed", "disk full"]],
  );
  full = false;
  await writer.run(nothing, 0);
  assert.equal(writer.transactions, 1);
});
