import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { BareJid } from "@rollcall/xmpp";
import { type ServerStage, startServerStage } from "./testing/server-stage.ts";

const skip =
  spawnSync("script", ["--version"]).error === undefined ? false : "needs script(1), which makes a terminal";

let server: ServerStage;
before(async () => {
  server = await startServerStage();
});
after(() => server.stop());

/** Runs the command on a terminal, and types each answer when its question has appeared. */
function onTerminal(
  arguments_: string,
  dialogue: readonly (readonly [question: string, answer: string])[],
): Promise<{ code: number | null; screen: string }> {
  const main = fileURLToPath(new URL("main.js", import.meta.url));
  const command = `${process.execPath} ${main} --url ${server.url} --token=${server.token} ${arguments_}`;
  const child = spawn("script", ["-qec", command, "/dev/null"], { cwd: server.directory });
  const left = [...dialogue];
  let screen = "";
  let answered = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
    const next = left[0];
    if (next === undefined || !screen.slice(answered).includes(next[0])) return;
    left.shift();
    answered = screen.length;
    child.stdin.write(next[1]);
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, screen })));
}

test("a password is asked for twice and does not show", { skip }, async () => {
  const { code, screen } = await onTerminal("user add tina@example.org", [
    ["Password for tina@example.org: ", "hidden\r"],
    ["Again: ", "hidden\r"],
  ]);
  assert.equal(code, 0, screen);
  assert.doesNotMatch(screen, /hidden/);
  assert.notEqual(await server.accounts.find("tina@example.org" as BareJid), undefined);
});

test("two passwords that differ create nothing", { skip }, async () => {
  const { code, screen } = await onTerminal("user add tom@example.org", [
    ["Password", "one\r"],
    ["Again", "two\r"],
  ]);
  assert.equal(code, 2, screen);
  assert.match(screen, /the two passwords differ/);
  assert.equal(await server.accounts.find("tom@example.org" as BareJid), undefined);
});

test("Ctrl-C at the password does nothing and ends with 2", { skip }, async () => {
  const { code, screen } = await onTerminal("user add tom@example.org", [["Password", "one\u0003"]]);
  assert.equal(code, 2, screen);
  assert.match(screen, /interrupted; nothing was done/);
});

test("user remove asks first, and a no removes nothing", { skip }, async () => {
  server.rosters.set("uwe@example.org", { "tina@example.org": {} });
  const no = await onTerminal("user remove uwe@example.org", [["Remove uwe@example.org", "\r"]]);
  assert.equal(no.code, 0, no.screen);
  assert.match(no.screen, /nothing was removed/);
  assert.equal(server.rosters.size, 1);
  const yes = await onTerminal("user remove uwe@example.org", [["Remove uwe@example.org", "y\r"]]);
  assert.equal(yes.code, 0, yes.screen);
  assert.equal(server.rosters.size, 0);
});
