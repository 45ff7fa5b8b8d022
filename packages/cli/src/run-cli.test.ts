import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { BareJid } from "@rollcall/xmpp";
import {
  type CommandResult,
  runCommand,
  type ServerStage,
  startServerStage,
} from "./testing/server-stage.ts";

let server: ServerStage;
before(async () => {
  server = await startServerStage();
});
after(() => server.stop());

/** The command in the directory of the server; told where the server is, it need not load the settings. */
function rollcall(arguments_: string, input?: string): Promise<CommandResult> {
  const { directory, token, url } = server;
  const access = arguments_.includes("--url") ? [] : ["--url", url, "--token", token];
  return runCommand([...access, ...arguments_.split(" ")], {
    directory,
    ...(input === undefined ? {} : { input }),
  });
}

const done = (stdout: string): CommandResult => ({ code: 0, stdout, stderr: "" });

test("user add takes the password of the option, or the first line of standard input", async () => {
  assert.deepEqual(await rollcall("user add Anna@example.org -p secret"), done("anna@example.org created\n"));
  assert.deepEqual(
    await rollcall("user add arne@example.org", "secret\nmore\n"),
    done("arne@example.org created\n"),
  );
  assert.notEqual(await server.accounts.find("arne@example.org" as BareJid), undefined);
});

test("user add of an account that exists ends with 3 and says what to do", async () => {
  await rollcall("user add bert@example.org -p secret");
  const again = await rollcall("user add bert@example.org -p other");
  assert.equal(again.code, 3);
  assert.match(again.stderr, /bert@example\.org exists already; passwd changes its password/);
  assert.equal((await rollcall("user add bert@elsewhere.org -p secret")).code, 3);
});

test("user add without a password, or without a JID, ends with 2", async () => {
  const empty = await rollcall("user add carla@example.org", "");
  assert.equal(empty.code, 2);
  assert.match(empty.stderr, /no password on standard input/);
  assert.equal((await rollcall("user add")).code, 2);
  assert.equal((await rollcall("user invent")).code, 2);
});

test("user passwd changes the password of an account that is there", async () => {
  await rollcall("user add dora@example.org -p secret");
  const before = await server.accounts.find("dora@example.org" as BareJid);
  assert.deepEqual(
    await rollcall("user passwd dora@example.org", "better\n"),
    done("dora@example.org has a new password\n"),
  );
  assert.notDeepEqual(await server.accounts.find("dora@example.org" as BareJid), before);
  assert.equal((await rollcall("user passwd nobody@example.org -p x")).code, 3);
});

test("user remove removes, and ends with 3 where there is nothing to remove", async () => {
  await rollcall("user add emil@example.org -p secret");
  server.rosters.set("emil@example.org", { "anna@example.org": {} });
  assert.deepEqual(
    await rollcall("user remove emil@example.org"),
    done("emil@example.org removed; sessions ended: 0, contacts: 1\n"),
  );
  const again = await rollcall("user remove emil@example.org --yes");
  assert.equal(again.code, 3);
  assert.match(again.stderr, /there is no account emil@example\.org/);
});

test("user list prints JIDs, or JSON", async () => {
  await rollcall("user add frida@example.org -p secret");
  assert.match((await rollcall("user list")).stdout, /^frida@example\.org$/m);
  assert.match((await rollcall("user list --json")).stdout, /^\{"jid":"frida@example\.org"\}$/m);
});

test("user import tells bad lines and the result, and may be run again", async () => {
  const lines = [
    '{"jid":"gerd@example.org","password":"one"}',
    '{"jid":"gerd@elsewhere.org","password":"one"}',
    '{"jid":"gunda@example.org","password":"two"}',
  ];
  const file = join(server.directory, "users.ndjson");
  await writeFile(file, lines.join("\n"));
  const first = await rollcall("user import users.ndjson");
  assert.equal(first.code, 3);
  assert.match(first.stdout, /^line 2: bad-jid: elsewhere\.org is not a domain of this server/m);
  assert.match(first.stdout, /^3 lines in .* 2 created, 0 changed, 0 unchanged, 1 bad, 0 failed$/m);
  assert.match(first.stderr, /1 of the lines were left out/);

  const again = await rollcall("--json user import -", [lines[0], lines[2]].join("\n"));
  assert.deepEqual(again, {
    code: 0,
    stdout:
      '{"kind":"result","counts":{"lines":2,"created":0,"changed":0,"unchanged":2,"bad":0,"failed":0}}\n',
    stderr: "",
  });
  const missing = await rollcall("user import missing.ndjson");
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /cannot read the input/);
});

test("rosters are imported, shown, refreshed, and exported in the form of the import", async () => {
  await rollcall("user add hans@example.org -p secret");
  const line = JSON.stringify({
    jid: "hans@example.org",
    contacts: {
      "ida@example.org": { name: "Ida \u001b[31m", groups: ["a", "b"], subscription: "both" },
      "jan@example.org": { subscription: "none", ask: "subscribe", approved: true },
    },
  });
  assert.match((await rollcall("roster import -", line)).stdout, /^1 lines in .* 2 added, 0 changed/);

  const shown = (await rollcall("roster show hans@example.org")).stdout;
  assert.match(shown, /^hans@example\.org, version 1, contacts: 2$/m);
  assert.match(shown, /^ida@example\.org +both +Ida .* a, b$/m);
  assert.match(shown, /^jan@example\.org +none +pending out, pre-approved$/m);
  assert.ok(!shown.includes("\u001b"), "a name moves the cursor");

  assert.deepEqual(
    await rollcall("roster refresh hans@example.org"),
    done("hans@example.org read anew; contacts that had changed: 2\n"),
  );
  assert.ok((await rollcall("roster export")).stdout.split("\n").includes(line));
  assert.deepEqual(await rollcall("roster export rosters.ndjson"), done(""));
  const file = await readFile(join(server.directory, "rosters.ndjson"), "utf8");
  assert.ok(file.split("\n").includes(line));
  assert.equal((await rollcall("roster show nobody@example.org")).code, 3);
});

test("user sessions shows where an account is logged in", async () => {
  server.sessions.set("klara@example.org", [
    { node: "c1", resource: "phone", available: true, interested: false, priority: 5 },
  ]);
  assert.match((await rollcall("user sessions klara@example.org")).stdout, /^phone +available +5 +no +c1$/m);
  assert.match((await rollcall("user sessions ludwig@example.org")).stdout, /has no sessions/);
});

test("the server and its token are found by the settings of the server", async () => {
  const env = { ROLLCALL_LISTEN_HTTP: new URL(server.url).host };
  await rollcall("user add konrad@example.org -p secret");
  const { code, stdout } = await runCommand(["user", "list"], { directory: server.directory, env });
  assert.equal(code, 0);
  assert.match(stdout, /^konrad@example\.org$/m);
});

test("a wrong token, and none, end with 2 and say where to find it", async () => {
  const wrong = await rollcall(`--url ${server.url} --token wrong user list`);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /does not accept the admin token/);
  const none = await runCommand(["--url", server.url, "user", "list"], {
    directory: join(server.directory, "data"),
  });
  assert.equal(none.code, 2);
  assert.match(none.stderr, /ROLLCALL_ADMIN_TOKEN or --token/);
});

test("a server that is not there ends with 4 and says how to find it", async () => {
  const result = await rollcall("--url http://127.0.0.1:1 --token x user list");
  assert.equal(result.code, 4);
  assert.match(result.stderr, /cannot reach the server at http:\/\/127\.0\.0\.1:1/);
  const upload = await rollcall("--url http://127.0.0.1:1 --token x user import -", "{}\n");
  assert.equal(upload.code, 4);
});

test("an answer that breaks off ends with 4, and an export leaves no file", async (t) => {
  const broken = createServer((request, response) => {
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    const line =
      request.method === "GET" ? { jid: "a@example.org" } : { kind: "progress", counts: { lines: 1 } };
    response.write(`${JSON.stringify(line)}\n`, () => response.destroy());
  });
  t.after(() => void broken.close());
  await new Promise<void>((resolve) => broken.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(broken.address() as AddressInfo).port}`;
  const exported = await rollcall(`--url ${url} --token x roster export broken.ndjson`);
  assert.equal(exported.code, 4);
  assert.match(exported.stderr, /broke off/);
  assert.deepEqual(
    (await readdir(server.directory)).filter((name) => name.startsWith("broken")),
    [],
  );
  assert.equal((await rollcall(`--url ${url} --token x user import -`, "{}\n")).code, 4);
});

test("what is not the admin interface ends with 1", async (t) => {
  const other = createServer((_request, response) => response.writeHead(404).end("<html>"));
  t.after(() => void other.close());
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  const result = await rollcall(`--url ${url} --token x user list`);
  assert.equal(result.code, 1);
  assert.match(result.stderr, /check --url/);
});

test("config shows every setting and its origin without a server, and hides secrets", async () => {
  await writeFile(join(server.directory, "other.yaml"), "domains: [a.example]\n");
  const options = {
    directory: server.directory,
    env: { ROLLCALL_ADMIN_TOKEN: "0123456789abcdef", ROLLCALL_CONFIG: "other.yaml" },
  };
  const text = await runCommand(["config"], options);
  assert.equal(text.code, 0);
  assert.match(text.stdout, /^domains = a\.example {3}\(.*other\.yaml:1\)$/m);
  assert.match(text.stdout, /^admin\.token = \(hidden\) {3}\(ROLLCALL_ADMIN_TOKEN\)$/m);
  assert.doesNotMatch(text.stdout, /0123456789abcdef/);
  const json = JSON.parse((await runCommand(["config", "--json"], options)).stdout) as { name: string }[];
  assert.ok(json.some(({ name }) => name === "auth.scram_iterations"));
});

test("settings that are wrong end with 2, all named together", async () => {
  const result = await runCommand(["config"], {
    directory: server.directory,
    env: { ROLLCALL_LISTEN_HTTP: "nonsense", ROLLCALL_DATA_DRI: "x" },
  });
  assert.equal(result.code, 2);
  assert.match(result.stderr, /^rollcall: 2 settings are wrong$/m);
  assert.match(result.stderr, /^ROLLCALL_LISTEN_HTTP: must be host:port/m);
  assert.match(result.stderr, /^ROLLCALL_DATA_DRI: unknown variable; did you mean ROLLCALL_DATA_DIR\?$/m);
});

test("help comes with examples and exit codes", async () => {
  const help = await rollcall("--help");
  assert.equal(help.code, 0);
  assert.match(help.stdout, /Examples:[\s\S]*Exit codes:/);
  assert.match((await rollcall("user import --help")).stdout, /Examples:[\s\S]*user import users\.ndjson/);
});
