import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { silentLogger } from "@rollcall/telemetry";
import { createTokenCheck, loadAdminToken } from "./admin-token.ts";

const parent = await mkdtemp(join(tmpdir(), "rollcall-token-"));
after(() => rm(parent, { recursive: true }));

const load = (dataDir: string, configured?: string) =>
  loadAdminToken({ configured, dataDir, logger: silentLogger });

test("a token is made up once, readable by its owner alone", async () => {
  const dataDir = join(parent, "fresh", "data");
  const token = await load(dataDir);
  assert.match(token, /^[A-Za-z0-9_-]{43}$/);
  assert.equal((await stat(join(dataDir, "admin-token"))).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(dataDir), ["admin-token"]);
  assert.equal(await load(dataDir), token);
});

test("processes that share the folder and start together have one token", async () => {
  const dataDir = join(parent, "shared");
  const tokens = await Promise.all(Array.from({ length: 20 }, () => load(dataDir)));
  assert.equal(new Set(tokens).size, 1);
  assert.deepEqual(await readdir(dataDir), ["admin-token"]);
});

test("a token file that others could read is closed to them", async () => {
  const dataDir = join(parent, "open");
  await load(dataDir);
  await chmod(join(dataDir, "admin-token"), 0o644);
  await load(dataDir);
  assert.equal((await stat(join(dataDir, "admin-token"))).mode & 0o777, 0o600);
});

test("the token of the setting counts, and no file is written", async () => {
  const dataDir = join(parent, "configured");
  assert.equal(await load(dataDir, "0123456789abcdef"), "0123456789abcdef");
  await assert.rejects(readFile(join(dataDir, "admin-token")), { code: "ENOENT" });
});

test("a token that could be guessed is refused", async () => {
  await assert.rejects(load(parent, "short"), /at least 16/);
  await writeFile(join(parent, "admin-token"), "\n");
  await assert.rejects(load(parent), /too short/);
});

test("only the whole token in a bearer header is right", () => {
  const check = createTokenCheck("0123456789abcdef");
  assert.equal(check("Bearer 0123456789abcdef"), true);
  assert.equal(check("bearer 0123456789abcdef"), true);
  for (const header of [
    undefined,
    "",
    "Bearer",
    "Bearer ",
    "0123456789abcdef",
    "Basic 0123456789abcdef",
    "Bearer 0123456789abcde",
  ]) {
    assert.equal(check(header), false, header);
  }
});
