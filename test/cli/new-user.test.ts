/** The server and the command as somebody meets them who has just typed `npm start`. */
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually, SaslFailure, ServerProcess, XmppClient } from "@rollcall/testkit";
import { type CommandResult, rollcall } from "./rollcall-command.ts";

let server: ServerProcess;
before(async () => {
  server = await ServerProcess.create();
  await server.start();
});
after(() => server.remove());

const done = (stdout: string): CommandResult => ({ code: 0, stdout, stderr: "" });

/** As clients do by default: STARTTLS. */
function login(username: string, password: string, resource = "desk"): Promise<XmppClient> {
  return XmppClient.login({
    endpoint: server.c2s,
    tls: "starttls",
    domain: "localhost",
    username,
    password,
    resource,
  });
}

/** The roster as a client gets it: attributes and groups of each contact. */
async function rosterOf(client: XmppClient): Promise<Record<string, string>> {
  const items = (await client.roster()).child("query")?.elements() ?? [];
  return Object.fromEntries(
    items.map((item) => {
      const groups = item.elements().map((group) => group.text());
      return [item.attributes.jid ?? "", `${item.attributes.name} ${item.attributes.subscription} ${groups}`];
    }),
  );
}

describe("after `npm start`", () => {
  test("the server says where it listens, where its data are, and what to type next", async () => {
    await eventually("it has greeted", () => server.output.includes("Ctrl-C"));
    const lines = server.output.split("\n").filter((line) => !line.startsWith("{"));
    const at = ({ port }: { port: number }): string => `127.0.0.1:${port}`;
    assert.match(lines[0] ?? "", /^Rollcall is up after \d+ ms; it keeps its data in data$/);
    assert.deepEqual(lines.slice(1, 9), [
      `  clients      ${at(server.c2s)} (STARTTLS), ${at(server.c2sTls)} (TLS), for localhost`,
      `  rosters      ${server.riak}/riak/xmpp/JID (Riak's HTTP API)`,
      `  health       ${server.http}/readyz`,
      "Next, in another terminal:",
      "  npx rollcall user add romeo@localhost",
      "  npx rollcall --help",
      "Then log in with any XMPP client. Ctrl-C stops the server.",
      "",
    ]);
    assert.ok(statSync(join(server.folder, "data", "riak")).isDirectory());
  });

  test("what it says to type works, and the new account can log in at once", async () => {
    const said = /npx rollcall (user add .*)/.exec(server.output)?.[1] ?? "";
    assert.deepEqual(
      await rollcall(server, said, { input: "wherefore\n" }),
      done("romeo@localhost created\n"),
    );
    const client = await login("romeo", "wherefore");
    assert.equal(client.full, "romeo@localhost/desk");
    assert.match(
      (await rollcall(server, "user sessions romeo@localhost")).stdout,
      /^desk +unavailable +0 +no /m,
    );
    await client.close();
  });

  test("the token of the admin interface is for the user of the server only", () => {
    assert.equal(statSync(join(server.dataDir, "admin-token")).mode & 0o777, 0o600);
    assert.equal(statSync(join(server.dataDir, "self-signed.key")).mode & 0o777, 0o600);
  });
});

describe("the exit code of a command", () => {
  test("is 0 when it is done", async () => {
    assert.deepEqual(
      await rollcall(server, "user add ok@localhost -p secret"),
      done("ok@localhost created\n"),
    );
    assert.equal((await rollcall(server, "--help")).code, 0);
  });

  test("is 2 for a command line, settings or a token that are wrong", async () => {
    const commands = ["user", "user invent", "user add", "roster show", "roster import nowhere.ndjson"];
    await Promise.all(
      commands.map(async (command) => {
        const { code, stdout, stderr } = await rollcall(server, command);
        assert.deepEqual({ command, code, stdout }, { command, code: 2, stdout: "" });
        assert.notEqual(stderr, "");
      }),
    );
    const setting = await rollcall(server, "user list", { env: { ROLLCALL_DOMAINZ: "x" } });
    assert.equal(setting.code, 2);
    assert.match(setting.stderr, /ROLLCALL_DOMAINZ: unknown variable; did you mean ROLLCALL_DOMAINS\?/);
    const token = await rollcall(server, ["user", "list", "--token", "no-token-of-this-server"]);
    assert.equal(token.code, 2);
    assert.match(token.stderr, /token/);
  });

  test("is 3 when the server refuses", async () => {
    await rollcall(server, "user add taken@localhost -p secret");
    const commands = [
      "user add taken@localhost -p other",
      "user add taken@elsewhere.example -p other",
      "user passwd nobody@localhost -p other",
      "user remove nobody@localhost --yes",
      "roster show nobody@localhost",
      "roster refresh nobody@localhost",
    ];
    await Promise.all(
      commands.map(async (command) => {
        const { code, stderr } = await rollcall(server, command);
        assert.deepEqual({ command, code }, { command, code: 3 }, stderr);
      }),
    );
    await (await login("taken", "secret")).close();
  });

  test("is 4 when there is no server", async () => {
    const { code, stdout, stderr } = await rollcall(server, "user list --url http://127.0.0.1:9");
    assert.deepEqual({ code, stdout }, { code: 4, stdout: "" });
    assert.match(stderr, /127\.0\.0\.1:9/);
  });
});

describe("accounts", () => {
  test("get a new password, and are removed", async () => {
    await rollcall(server, "user add paris@localhost -p first");
    assert.equal((await rollcall(server, "user passwd paris@localhost", { input: "second\n" })).code, 0);
    await assert.rejects(login("paris", "first"), SaslFailure);
    await (await login("paris", "second")).close();
    assert.equal((await rollcall(server, "user remove paris@localhost --yes")).code, 0);
    await assert.rejects(login("paris", "second"), SaslFailure);
    assert.doesNotMatch((await rollcall(server, "user list")).stdout, /paris/);
  });

  test("are imported with their rosters, and the export is a file that can be imported", async () => {
    const names = Array.from({ length: 40 }, (_, i) => `guest${i}@localhost`);
    const lines = (values: readonly unknown[]): string =>
      values.map((value) => `${JSON.stringify(value)}\n`).join("");
    await writeFile(
      join(server.folder, "users.ndjson"),
      lines(names.map((jid) => ({ jid, password: `of ${jid}` }))),
    );
    const users = await rollcall(server, "user import users.ndjson");
    assert.match(users.stdout, /^40 lines in .*: 40 created, 0 changed, 0 unchanged, 0 bad, 0 failed$/m);
    assert.equal(users.code, 0);
    const rosters = names.map((jid) => ({
      jid,
      contacts: Object.fromEntries(
        names
          .filter((other) => other !== jid)
          .map((other) => [other, { name: other, groups: ["ball"], subscription: "both" }]),
      ),
    }));
    const imported = await rollcall(server, "roster import -", { input: lines(rosters) });
    assert.match(imported.stdout, /^40 lines in .*: 1560 added, 0 changed, 0 unchanged, 0 bad, 0 failed$/m);

    assert.deepEqual(await rollcall(server, "roster export rosters.ndjson"), done(""));
    const exported = await readFile(join(server.folder, "rosters.ndjson"), "utf8");
    assert.equal(exported.match(/"jid":"guest\d+@localhost"/g)?.length, 40);
    const again = await rollcall(server, "roster import rosters.ndjson");
    assert.match(again.stdout, / 0 added, 0 changed, 1560 unchanged, 0 bad, 0 failed$/m);

    // They see each other as if they had asked.
    const [host, guest] = [
      await login("guest0", "of guest0@localhost"),
      await login("guest39", "of guest39@localhost"),
    ];
    assert.equal((await rosterOf(host))["guest39@localhost"], "guest39@localhost both ball");
    await host.presence();
    await guest.presence();
    await host.receive("presence", { from: guest.full, type: undefined });
    await guest.receive("presence", { from: host.full, type: undefined });
    await Promise.all([host.close(), guest.close()]);
  });

  test("of which some lines are bad are imported without these, and the exit code is 3", async () => {
    const input = '{"jid":"good@localhost","password":"x"}\nnot JSON\n{"jid":"bad","password":"x"}\n';
    const { code, stdout } = await rollcall(server, "user import -", { input });
    assert.equal(code, 3);
    assert.match(stdout, /^line 2: /m);
    assert.match(stdout, /^line 3: bad-jid: /m);
    assert.match(stdout, / 1 created, 0 changed, 0 unchanged, 2 bad, 0 failed$/m);
  });
});

test("a roster is shown, and one that was written by hand is pushed after a refresh", async () => {
  await rollcall(server, "user add nurse@localhost -p secret");
  const client = await login("nurse", "secret");
  assert.deepEqual(await rosterOf(client), {});
  await fetch(`${server.riak}/riak/xmpp/nurse@localhost`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      "juliet@localhost": { name: "Juliet", groups: ["house"], subscription: "both", pending_requests: {} },
    }),
  });
  assert.deepEqual(
    await rollcall(server, "roster refresh nurse@localhost"),
    done("nurse@localhost read anew; contacts that had changed: 1\n"),
  );
  assert.equal((await client.push("juliet@localhost")).attributes.name, "Juliet");
  const shown = await rollcall(server, "roster show nurse@localhost");
  assert.equal(shown.code, 0);
  assert.match(shown.stdout, /^nurse@localhost, version \d+, contacts: 1$/m);
  assert.match(shown.stdout, /^juliet@localhost +both +Juliet +house$/m);
  await client.close();
});

test("config prints every setting, its value, and where that came from, without a server", async () => {
  const stranger = await ServerProcess.create({ ROLLCALL_ADMIN_TOKEN: "a token that nobody may read" });
  await writeFile(join(stranger.folder, "rollcall.yaml"), "domains: [capulet.example]\n");
  const { code, stdout, stderr } = await rollcall(stranger, "config");
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  assert.match(stdout, /^data\.dir = data {3}\(default\)$/m);
  assert.match(stdout, /^domains = capulet\.example {3}\(.*rollcall\.yaml:1\)$/m);
  assert.match(
    stdout,
    new RegExp(`^listen\\.c2s = 127\\.0\\.0\\.1:${stranger.c2s.port} {3}\\(ROLLCALL_LISTEN_C2S\\)$`, "m"),
  );
  assert.doesNotMatch(stdout, /nobody may read/);
  await stranger.remove();
});
