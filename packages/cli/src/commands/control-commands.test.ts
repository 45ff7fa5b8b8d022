import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  type CommandResult,
  runCommand,
  type ServerStage,
  startServerStage,
} from "../testing/server-stage.ts";

let server: ServerStage;
before(async () => {
  server = await startServerStage();
});
after(() => server.stop());

function rollcall(...arguments_: string[]): Promise<CommandResult> {
  const { directory, token, url } = server;
  return runCommand(["--url", url, "--token", token, ...arguments_], { directory });
}

test("trace says who traces, and for how long", async () => {
  const takeOut = server.control.answer("trace", ({ account, forMs }) => {
    assert.deepEqual([account, forMs], ["juliet@example.org", 90_000]);
    return {};
  });
  assert.deepEqual(await rollcall("trace", "juliet@example.org", "--for", "90s"), {
    code: 0,
    stdout: "process   result\nroster-1  juliet@example.org is traced for 1 min 30 s\n",
    stderr: "",
  });
  takeOut();
});

test("a process that cannot do it makes the command end with 3", async () => {
  const answer = await rollcall("log-level", "debug", "--process", "roster-1", "presence");
  assert.equal(answer.code, 3);
  assert.match(answer.stdout, /roster-1 +cannot do that\npresence +did not answer\n/);
  assert.match(answer.stderr, /2 of 2 processes did not do it/);
});

test("a level or a time that is none is refused before anybody is asked", async () => {
  for (const bad of [
    ["log-level", "chatty"],
    ["log-level", "debug", "--for", "5"],
    ["trace", "juliet@example.org", "--for", "2d"],
  ]) {
    assert.equal((await rollcall(...bad)).code, 2, bad.join(" "));
  }
});
