/** How the server process begins and ends, also where it cannot begin. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { ServerProcess, XmppClient } from "@rollcall/testkit";
import { rollcall } from "./rollcall-command.ts";

const servers: ServerProcess[] = [];
after(() => Promise.all(servers.map((server) => server.remove())));

async function newServer(settings: Record<string, string> = {}): Promise<ServerProcess> {
  const server = await ServerProcess.create({ ROLLCALL_LOG_LEVEL: "warn", ...settings });
  servers.push(server);
  return server;
}

async function ended(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, "close")) as [number | null];
  return code;
}

function login(server: ServerProcess, username: string, resource: string): Promise<XmppClient> {
  return XmppClient.login({
    endpoint: server.c2sTls,
    tls: "direct",
    domain: "localhost",
    username,
    password: "secret",
    resource,
  });
}

test("Ctrl-C tells the clients, ends with code 0, and the next start has everything as it was", async () => {
  const server = await newServer();
  await server.start();
  for (const name of ["romeo", "juliet"]) await rollcall(server, `user add ${name}@localhost -p secret`);
  const orchard = await login(server, "romeo", "orchard");
  const balcony = await login(server, "juliet", "balcony");
  for (const session of [orchard, balcony]) {
    await session.roster();
    await session.presence();
  }
  orchard.send("<presence to='juliet@localhost' type='subscribe'/>");
  await balcony.receive("presence", { type: "subscribe" });
  balcony.send("<presence to='romeo@localhost' type='subscribed'/>");
  await orchard.receive("presence", { from: balcony.full });
  await balcony.close();
  orchard.send("<message to='juliet@localhost' type='chat' id='kept'><body>but soft</body></message>");
  await orchard.settled();
  const before = (await orchard.roster()).child("query")?.toString();
  assert.match(before ?? "", /juliet@localhost/);

  const stopped = server.end("SIGINT");
  const error = await orchard.wire.take((element) => element.name === "error", "the stream error");
  assert.equal(error.elements()[0]?.name, "system-shutdown");
  await orchard.close();
  assert.equal(await stopped, 0);

  await server.start();
  const back = await login(server, "romeo", "orchard");
  assert.equal((await back.roster()).child("query")?.toString(), before);
  await back.presence();
  const again = await login(server, "juliet", "balcony");
  await again.presence();
  await again.receive("message", { id: "kept", from: orchard.full });
  await back.receive("presence", { from: again.full, type: undefined });
  await Promise.all([back.close(), again.close()]);
  assert.equal(await server.end("SIGTERM"), 0);
});

test("a second server on the same data folder does not start, says why, and does not disturb the first", async () => {
  const first = await newServer();
  await first.start();
  await first.addUser("romeo@localhost", "secret");
  const second = await newServer({ ROLLCALL_DATA_DIR: first.dataDir });
  assert.equal(await ended(second.spawn()), 1);
  assert.match(
    second.output,
    /^Rollcall did not start: store: the store in .* is open in process \d+; .*; stop that one, or set data\.dir \(ROLLCALL_DATA_DIR\)$/m,
  );
  await (await login(first, "romeo", "orchard")).close();
});

test("a port that is in use is told with the setting that names it, and the exit code is 1", async () => {
  const squatter = createServer().listen(0, "127.0.0.1");
  await once(squatter, "listening");
  const { port } = squatter.address() as { port: number };
  await Promise.all(
    ["c2s", "c2s_tls", "riak", "http"].map(async (name) => {
      const variable = `ROLLCALL_LISTEN_${name.toUpperCase()}`;
      const server = await newServer({ [variable]: `127.0.0.1:${port}` });
      assert.equal(await ended(server.spawn()), 1);
      const sentence = `Rollcall did not start: 127.0.0.1:${port} is in use by another process; set listen.${name} (${variable}) to another\n`;
      assert.ok(server.output.includes(sentence), server.output);
    }),
  );
  await new Promise((resolve) => squatter.close(resolve));
});

test("settings that are wrong are told all together, and the exit code is 2", async () => {
  const server = await newServer({
    ROLLCALL_LISTEN_C2S: "here",
    ROLLCALL_TLS_REQUIRED: "perhaps",
    ROLLCALL_DOMAINZ: "x",
    ROLLCALL_CONFIG: "nowhere.yaml",
  });
  assert.equal(await ended(server.spawn()), 2);
  assert.deepEqual(server.output.trim().split("\n").sort(), [
    "ROLLCALL_DOMAINZ: unknown variable; did you mean ROLLCALL_DOMAINS?",
    "ROLLCALL_LISTEN_C2S: must be host:port, [IPv6 address]:port or off",
    "ROLLCALL_TLS_REQUIRED: must be true or false",
    "nowhere.yaml: there is no such file",
  ]);
  assert.equal(existsSync(server.dataDir), false);
});

test("the admin token of the environment opens the admin interface, and no token is written", async () => {
  const server = await newServer({ ROLLCALL_ADMIN_TOKEN: "0123456789abcdef-of-the-environment" });
  await server.start();
  assert.equal((await rollcall(server, "user add romeo@localhost -p secret")).code, 0);
  assert.equal(existsSync(join(server.dataDir, "admin-token")), false);
  const wrong = { env: { ROLLCALL_ADMIN_TOKEN: "fedcba9876543210-of-somebody-else" } };
  assert.equal((await rollcall(server, "user list", wrong)).code, 2);
});

test("an argument that the server does not know ends it with usage and code 2", async () => {
  const server = await newServer();
  assert.equal(await ended(server.spawn("--port", "5222")), 2);
  assert.match(server.output, /^Usage: npm start/);
});
