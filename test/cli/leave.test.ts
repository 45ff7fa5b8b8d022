/** A server that is to stop: not ready first, then drained, then gone. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, test } from "node:test";
import { eventually, ServerProcess, XmppClient } from "@rollcall/testkit";
import { rollcall } from "./rollcall-command.ts";

const servers: ServerProcess[] = [];
after(() => Promise.all(servers.map((server) => server.remove())));

async function serverWith(settings: Record<string, string>): Promise<ServerProcess> {
  const server = await ServerProcess.create({ ROLLCALL_LOG_LEVEL: "info", ...settings });
  servers.push(server);
  await server.start();
  for (const name of ["romeo", "juliet"]) await server.addUser(`${name}@localhost`, "secret");
  return server;
}

async function readiness(server: ServerProcess): Promise<readonly [status: number, reasons: string[]]> {
  const answer = await fetch(`${server.http}/readyz`);
  const { reasons } = (await answer.json()) as { reasons: { reason: string }[] };
  return [answer.status, reasons.map(({ reason }) => reason)];
}

function login(server: ServerProcess, username: string): Promise<XmppClient> {
  return XmppClient.login({
    endpoint: server.c2sTls,
    tls: "direct",
    domain: "localhost",
    username,
    password: "secret",
    resource: "here",
  });
}

async function toldToGo(client: XmppClient): Promise<string | undefined> {
  const error = await client.wire.take((element) => element.name === "error", "the stream error");
  return error.elements()[0]?.name;
}

test("`rollcall leave` makes it not ready while it serves as before, and SIGTERM then drains it", async () => {
  const server = await serverWith({ ROLLCALL_DRAIN_UNREADY_MS: "500" });
  const romeo = await login(server, "romeo");
  await romeo.presence();
  const left = await rollcall(server, `leave --pid ${server.pid}`);
  assert.equal(left.code, 0, left.stderr);
  assert.match(left.stdout, /^process \d+ is not ready since (\d+) ms$/m);
  assert.ok(Number(/(\d+) ms/.exec(left.stdout)?.[1]) >= 500, left.stdout);
  assert.deepEqual(await readiness(server), [503, ["is leaving"]]);

  const juliet = await login(server, "juliet");
  await juliet.presence();
  juliet.send("<message to='romeo@localhost' type='chat' id='late'><body>Dost thou leave?</body></message>");
  await romeo.receive("message", { id: "late", from: juliet.full });
  assert.equal((await fetch(`${server.http}/livez`)).status, 200);

  const ended = server.end("SIGTERM");
  assert.deepEqual(await Promise.all([toldToGo(romeo), toldToGo(juliet)]), [
    "system-shutdown",
    "system-shutdown",
  ]);
  await Promise.all([romeo.close(), juliet.close()]);
  assert.equal(await ended, 0);
  assert.match(server.output, /process\.leaving[\s\S]*process\.stopping[\s\S]*process\.stopped/);
});

test("SIGTERM without notice: not ready first, serving for drain.unready_ms, and a second one ends it", async () => {
  const server = await serverWith({ ROLLCALL_DRAIN_UNREADY_MS: "600000" });
  const pid = server.pid ?? 0;
  process.kill(pid, "SIGTERM");
  await eventually("it is not ready", async () => (await readiness(server))[0] === 503);
  assert.deepEqual((await readiness(server))[1], ["is leaving"]);
  const romeo = await login(server, "romeo");
  await romeo.presence();
  await romeo.settled();
  assert.equal(await server.end("SIGTERM"), 143);
});

test("without drain.unready_ms, as on a laptop, it drains at once", async () => {
  const server = await serverWith({});
  const romeo = await login(server, "romeo");
  const ended = server.end("SIGTERM");
  assert.equal(await toldToGo(romeo), "system-shutdown");
  await romeo.close();
  assert.equal(await ended, 0);
});

test("`rollcall leave` says what is wrong with the process that it is given", async () => {
  const server = await ServerProcess.create();
  servers.push(server);
  const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await once(child, "close");
  const gone = await rollcall(server, `leave --pid ${child.pid}`);
  assert.equal(gone.code, 4);
  assert.match(gone.stderr, /there is no process \d+; it has ended, or --pid is another one/);
  assert.equal((await rollcall(server, "leave")).code, 2);
  assert.equal((await rollcall(server, "leave --pid init")).code, 2);
});
