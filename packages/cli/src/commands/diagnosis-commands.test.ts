import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { answerStatus } from "@rollcall/control";
import type { BareJid } from "@rollcall/xmpp";
import {
  type CommandResult,
  runCommand,
  type ServerStage,
  startServerStage,
} from "../testing/server-stage.ts";

let server: ServerStage;
let ready = true;
before(async () => {
  server = await startServerStage();
  answerStatus(
    server.control,
    {
      phase: "running",
      notReady: () => (ready ? [] : [{ service: "riak", reason: "is away" }]),
    },
    { sessions: () => 3, eventLoop: () => ({ p99Ms: 1.5, maxMs: 2 }) },
  );
});
after(() => server.stop());

function rollcall(...arguments_: string[]): Promise<CommandResult> {
  const { directory, token, url } = server;
  return runCommand(["--url", url, "--token", token, ...arguments_], { directory });
}

/** In an empty directory, where no server ever ran; `env` are settings. */
async function doctorAlone(
  env: Readonly<Record<string, string>> = {},
  prepare: (directory: string) => Promise<void> = async () => {},
): Promise<CommandResult> {
  const directory = await mkdtemp(join(tmpdir(), "rollcall-doctor-"));
  after(() => rm(directory, { recursive: true }));
  await prepare(directory);
  return runCommand(["doctor"], { directory, env: { ROLLCALL_LISTEN_HTTP: "127.0.0.1:9", ...env } });
}

async function listening(listener: Server): Promise<string> {
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  after(() => listener.close());
  return `127.0.0.1:${(listener.address() as AddressInfo).port}`;
}

test("status shows every process, and ends with 1 where something is wrong", async () => {
  // The stage has one process, of kind roster, and no other kind answers.
  const shown = await rollcall("status");
  assert.equal(shown.code, 1);
  assert.match(shown.stdout, /^Rollcall is not healthy: 1 process, 0 sessions\n\nprocess +kind +version/);
  assert.match(shown.stdout, /\nroster-1 +roster +0\.1\.0 .* ready +3 +1\.5 ms +agrees\n/);
  assert.match(shown.stdout, /error +no presence process answers\n +→ start one: rollcall presence\n/);
  const json = JSON.parse((await rollcall("status", "--json")).stdout) as { healthy: boolean };
  assert.equal(json.healthy, false);
});

test("doctor ends with the number of errors, and says what to do for each", async () => {
  ready = false;
  const found = await rollcall("doctor");
  ready = true;
  assert.equal(found.code, 3, found.stdout);
  assert.match(found.stdout, /ok +the server accepts the admin token\n/);
  assert.match(found.stdout, /error +roster-1: riak is away\n +→ its log says more/);
  assert.match(found.stdout, /\n3 errors/);
  const json = JSON.parse((await rollcall("doctor", "--json")).stdout) as {
    errors: number;
    checks: object[];
  };
  assert.equal(json.errors, 2);
  assert.ok(json.checks.length > 8);
});

test("doctor knows a token that the server does not accept", async () => {
  const { directory, url } = server;
  const found = await runCommand(["--url", url, "--token", "x".repeat(20), "doctor"], { directory });
  assert.equal(found.code, 1);
  assert.match(
    found.stdout,
    /error +the server does not accept the admin token\n +→ give the one of the running server/,
  );
});

test("doctor says something useful where no server runs", async () => {
  const found = await doctorAlone();
  assert.equal(found.code, 1, found.stdout);
  assert.match(found.stdout, /error +no server answers at http:\/\/127\.0\.0\.1:9: .*\n +→ start it/);
  assert.match(found.stdout, /warning +the directory data \(data\.dir\) does not exist/);
});

test("doctor knows a server that is something else", async () => {
  const other = await listening(createHttpServer((_request, response) => response.end("hello")));
  const found = await doctorAlone({ ROLLCALL_LISTEN_HTTP: other });
  assert.equal(found.code, 1);
  assert.match(found.stdout, /error +what answers at .* is not Rollcall/);
});

test("doctor counts settings that are wrong, each", async () => {
  const found = await doctorAlone({ ROLLCALL_LISTEN_C2S: "nowhere", ROLLCALL_LOG_LEVEL: "chatty" });
  assert.equal(found.code, 2, found.stdout);
  assert.match(found.stdout, /error +ROLLCALL_LISTEN_C2S: /);
  assert.match(found.stdout, /error +ROLLCALL_LOG_LEVEL: /);
});

test("doctor finds secrets that others can read", async () => {
  const found = await doctorAlone({}, async (directory) => {
    await mkdir(join(directory, "data"));
    await writeFile(join(directory, "data", "admin-token"), "a-token-that-is-long\n");
    await chmod(join(directory, "data", "admin-token"), 0o644);
  });
  assert.equal(found.code, 2);
  assert.match(found.stdout, /error +others on this machine can read the admin token in .*\n +→ chmod 600 /);
});

test("doctor finds a certificate that cannot be used", async () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const found = await doctorAlone(
    { ROLLCALL_TLS_CERT: "server.crt", ROLLCALL_TLS_KEY: "server.key" },
    (directory) =>
      writeFile(join(directory, "server.key"), privateKey.export({ type: "pkcs8", format: "pem" })),
  );
  assert.match(found.stdout, /error +tls\.cert and tls\.key cannot be used: there is no such file/);
  const half = await doctorAlone({ ROLLCALL_TLS_CERT: "server.crt" });
  assert.match(half.stdout, /error +of tls\.cert and tls\.key one is set/);
});

test("without a server doctor looks at NATS and Riak itself, where the settings name them", async () => {
  const say = (info: string): Server =>
    createServer((socket) => {
      socket.on("error", () => {});
      socket.write(info);
    });
  const bare = await listening(say('INFO {"version":"2.10.7"} \r\n'));
  const good = await listening(say('INFO {"version":"2.10.7","jetstream":true} \r\n'));
  const other = await listening(say("220 mail.example.org\r\n"));
  const riak = await listening(createHttpServer((_request, response) => response.end("OK")));
  const found = await doctorAlone({
    ROLLCALL_NATS_SERVERS: [good, bare, other].join(","),
    ROLLCALL_RIAK_HOSTS: `${riak},http://operator:secret@127.0.0.1:9`,
  });
  assert.match(found.stdout, new RegExp(`error +NATS at ${bare} has no JetStream`));
  assert.match(found.stdout, new RegExp(`error +NATS at ${other} does not answer: that is no NATS server`));
  assert.match(found.stdout, /error +Riak at http:\/\/127\.0\.0\.1:9 does not answer/);
  assert.doesNotMatch(found.stdout, new RegExp(`${good}|secret|Riak at ${riak}`));
  assert.equal(found.code, 4, found.stdout);
});

test("who shows an account with its sessions, and ends with 3 where there is none", async () => {
  await rollcall("user", "add", "romeo@example.org", "-p", "secret");
  const session = {
    node: "connection-1",
    resource: "orchard",
    available: true,
    interested: true,
    priority: 3,
  };
  server.sessions.set("romeo@example.org", [
    { ...session, show: "away" },
    { ...session, resource: "street", available: false, interested: false },
  ]);
  server.rosters.set("romeo@example.org", {
    "juliet@example.org": { subscription: "from" },
    "tybalt@example.org": { subscription: "none", pending_requests: { subscribe: {} } },
  });
  const shown = await rollcall("who", "romeo@example.org");
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /^account +romeo@example\.org, since \d{4}-\d\d-\d\d\n/);
  assert.match(shown.stdout, /seen by +juliet@example\.org\nsees +nobody\nasked by +tybalt@example\.org\n/);
  assert.match(shown.stdout, /orchard +connection-1 +away +3 +yes\n/);
  assert.match(shown.stdout, /street +connection-1 +not available +3 +no\n/);
  const nobody = await rollcall("who", "nobody@example.org");
  assert.equal(nobody.code, 3);
  assert.match(nobody.stdout, /there is no nobody@example\.org/);
});

test("why gives the reason that decides first, and ends with 3 where something is in the way", async () => {
  await rollcall("user", "add", "viola@example.org", "-p", "secret");
  await rollcall("user", "add", "orsino@example.org", "-p", "secret");
  const session = { node: "roster-1", resource: "sea", available: true, interested: true, priority: 0 };
  for (const jid of ["viola@example.org", "orsino@example.org"]) server.sessions.set(jid, [session]);
  const no = await rollcall("why", "viola@example.org", "orsino@example.org");
  assert.deepEqual(
    [no.code, no.stdout.split("\n").slice(0, 2)],
    [
      3,
      [
        "viola@example.org is not shown online to orsino@example.org",
        "because  orsino@example.org is not subscribed to viola@example.org",
      ],
    ],
  );
  server.rosters.set("viola@example.org", { "orsino@example.org": { subscription: "from" } });
  server.rosters.set("orsino@example.org", { "viola@example.org": { subscription: "to" } });
  const yes = await rollcall("why", "viola@example.org", "orsino@example.org");
  assert.equal(yes.code, 0);
  assert.match(
    yes.stdout,
    /^viola@example\.org is shown online to orsino@example\.org\nbecause +nothing is in the way/,
  );
  assert.notEqual(await server.accounts.find("viola@example.org" as BareJid), undefined);
});
