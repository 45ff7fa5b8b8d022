import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { SettingFault } from "@rollcall/runtime";
import { type LogFields, type Logger, silentLogger } from "@rollcall/telemetry";
import { eventually } from "../testing/eventually.ts";
import { RecordFile } from "./record-file.ts";

interface Fixture {
  readonly folder: string;
  readonly path: string;
  readonly file: RecordFile;
  readonly log: LogFields[];
  readonly clock: { time: number };
}

function fixture(t: TestContext, bufferBytes = 1_000_000, mode = 0o600): Fixture {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-xmpp-log-"));
  const path = join(folder, "xmpp.log");
  const log: LogFields[] = [];
  const note = (fields: LogFields) => void log.push(fields);
  const logger: Logger = { ...silentLogger, info: note, warn: note };
  const clock = { time: 1_000_000 };
  const file = new RecordFile({ path, mode, bufferBytes, logger, now: () => clock.time });
  t.after(async () => {
    await file.close(0);
    rmSync(folder, { recursive: true, force: true });
  });
  return { folder, path, file, log, clock };
}

/** Sweeps until the file has the text. */
async function untilWritten({ file }: Fixture, path: string, text: string): Promise<void> {
  await eventually(() => {
    file.sweep();
    assert.equal(textOf(path), text);
  });
}

function textOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

test("records are appended, in a file with the mode that was asked for", async (t) => {
  const f = fixture(t);
  writeFileSync(f.path, "before\n");
  await f.file.open();
  f.file.add("one\n");
  f.file.add("two\n");
  await f.file.close(1_000);
  assert.equal(readFileSync(f.path, "utf8"), "before\none\ntwo\n");
  assert.deepEqual(f.file.counters, { written: 2, dropped: 0 });

  const g = fixture(t);
  await g.file.open();
  assert.equal(statSync(g.path).mode & 0o777, 0o600);
});

test("a last record without an end is not merged with the next one", async (t) => {
  const f = fixture(t);
  writeFileSync(f.path, "whole\ntor");
  await f.file.open();
  f.file.add("one\n");
  await f.file.close(1_000);
  assert.equal(readFileSync(f.path, "utf8"), "whole\ntor\none\n");
});

test("a file that cannot be opened is a fault of the settings", async (t) => {
  const f = fixture(t);
  rmSync(f.folder, { recursive: true });
  await assert.rejects(f.file.open(), (error: unknown) => {
    assert.ok(error instanceof SettingFault);
    assert.match(error.message, /^xmpp_log\.file: .*xmpp\.log cannot be opened for writing \(ENOENT\)$/);
    return true;
  });
});

test("a file that was renamed is made anew, and no record is lost", async (t) => {
  const f = fixture(t);
  await f.file.open();
  f.file.add("one\n");
  await untilWritten(f, f.path, "one\n");
  renameSync(f.path, `${f.path}.1`);
  f.file.add("two\n");
  await untilWritten(f, f.path, "two\n");
  assert.equal(readFileSync(`${f.path}.1`, "utf8"), "one\n");
  assert.deepEqual(
    f.log.map(({ event }) => event),
    ["xmpp-log.reopened"],
  );
});

test("a file is opened anew at once when that is asked for", async (t) => {
  const f = fixture(t);
  await f.file.open();
  f.file.add("one\n");
  await untilWritten(f, f.path, "one\n");
  renameSync(f.path, `${f.path}.1`);
  f.file.reopen();
  await eventually(() => assert.equal(textOf(f.path), ""));
});

test("where the new file cannot be made, records go on into the old one", async (t) => {
  const f = fixture(t);
  await f.file.open();
  const moved = `${f.folder}-moved`;
  renameSync(f.folder, moved);
  t.after(() => rmSync(moved, { recursive: true, force: true }));
  f.file.add("one\n");
  await untilWritten(f, join(moved, "xmpp.log"), "one\n");
  assert.equal(f.log[0]?.event, "xmpp-log.not-written");
});

test("while the disk is full records wait, then are dropped and counted, in one line of the log in 10 s", async (t) => {
  const f = fixture(t, 10);
  symlinkSync("/dev/full", f.path);
  await f.file.open();
  f.file.add("one\n");
  await eventually(() => {
    f.file.sweep();
    assert.equal(f.log.length, 1);
  });
  assert.equal((f.log[0]!.error as NodeJS.ErrnoException).code, "ENOSPC");
  f.file.add("two\n");
  for (let i = 0; i < 1_000; i++) f.file.add("more\n");
  f.file.sweep();
  assert.deepEqual(f.file.counters, { written: 0, dropped: 1_000 });
  assert.equal(f.log.length, 1);
  f.clock.time += 10_000;
  f.file.sweep();
  assert.equal(f.log[1]?.dropped, 1_000);

  unlinkSync(f.path);
  writeFileSync(f.path, "");
  await untilWritten(f, f.path, "one\ntwo\n");
  await eventually(() => assert.equal(f.file.counters.written, 2));
});

test("a reader that is slow holds up nothing, and gets what was kept", async (t) => {
  const f = fixture(t, 200_000);
  execFileSync("mkfifo", [f.path]);
  const reader = openSync(f.path, constants.O_RDONLY | constants.O_NONBLOCK);
  t.after(() => closeSync(reader));
  await f.file.open();
  const record = (i: number) => `${String(i).padStart(9, "0")}\n`;
  for (let i = 0; i < 50_000; i++) f.file.add(record(i));
  assert.ok(f.file.counters.dropped >= 29_000, "what is more than the buffer was not dropped");
  let text = "";
  await eventually(() => {
    f.file.sweep();
    text += readAvailable(reader);
    assert.equal(f.file.counters.written + f.file.counters.dropped, 50_000);
  });
  text += readAvailable(reader);
  const kept = Array.from({ length: f.file.counters.written }, (_, i) => record(i));
  assert.equal(text, kept.join(""));
});

test("a record that is half written when the file changes is not continued in the new one", async (t) => {
  const f = fixture(t);
  execFileSync("mkfifo", [f.path]);
  const reader = openSync(f.path, constants.O_RDONLY | constants.O_NONBLOCK);
  t.after(() => closeSync(reader));
  await f.file.open();
  const record = (i: number) => `${String(i).padStart(9, "0")}\n`;
  for (let i = 0; i < 1_000; i++) f.file.add(record(i));
  f.file.sweep();
  await eventually(() => assert.equal(f.file.counters.written, 1_000));
  // A pipe has 16 pages of 4,096 bytes, of which three are in use: the next write is cut off within a record.
  for (let i = 1_000; i < 8_000; i++) f.file.add(record(i));
  renameSync(f.path, `${f.path}.1`);
  f.file.reopen();
  await eventually(() => {
    f.file.sweep();
    assert.equal(f.file.counters.written + f.file.counters.dropped, 8_000);
  });
  let text = "";
  for (let more = readAvailable(reader); more !== ""; more = readAvailable(reader)) text += more;
  const old = text.split("\n");
  const torn = old.pop() ?? "";
  assert.ok(torn.length > 0, "the pipe took whole records only, which proves nothing");
  const first = old.length + 1;
  const rest = Array.from({ length: 8_000 - first }, (_, i) => record(first + i));
  assert.equal(textOf(f.path), rest.join(""));
  assert.equal(f.file.counters.dropped, 1);
});

test("what cannot be written before the end is counted as dropped", async (t) => {
  const f = fixture(t);
  symlinkSync("/dev/full", f.path);
  await f.file.open();
  f.file.add("one\n");
  f.file.add("two\n");
  await f.file.close(1_000);
  assert.deepEqual(f.file.counters, { written: 0, dropped: 2 });
});

function readAvailable(fd: number): string {
  const buffer = Buffer.alloc(65_536);
  try {
    return buffer.toString("utf8", 0, readSync(fd, buffer));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return "";
    throw error;
  }
}
