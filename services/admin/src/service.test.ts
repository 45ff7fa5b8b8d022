import assert from "node:assert/strict";
import { request } from "node:http";
import { after, test } from "node:test";
import { createMemoryAccountStore, StoreUnavailableError } from "@rollcall/accounts";
import type { BareJid } from "@rollcall/xmpp";
import { type AdminStage, type AdminStageOptions, startAdminStage } from "./testing/admin-stage.ts";

async function stage(options?: AdminStageOptions): Promise<AdminStage> {
  const started = await startAdminStage(options);
  after(() => started.stop());
  return started;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: Record<string, unknown>;
  readonly lines: Record<string, unknown>[];
}

async function call(
  { url, token }: Pick<AdminStage, "url" | "token">,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const lines = typeof body === "string";
  const response = await fetch(`${url}/admin/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": lines ? "application/x-ndjson" : "application/json" }),
    },
    ...(body === undefined ? {} : { body: lines ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const parsed = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { status: response.status, text, json: parsed[0] ?? {}, lines: parsed };
}

const alice = { jid: "alice@example.org" as BareJid, password: "correct horse" };
const online = { node: "c1", resource: "phone", available: true, interested: true, priority: 0 };

test("nothing is done without the token", async () => {
  const rollcall = await stage();
  for (const token of ["", "wrong", `${rollcall.token}x`]) {
    const answer = await call({ url: rollcall.url, token }, "POST", "/users", alice);
    assert.equal(answer.status, 401);
    assert.equal(answer.json.error, "unauthorised");
  }
  assert.equal(await rollcall.accounts.find(alice.jid), undefined);
  const { admin } = (await call(rollcall, "GET", "/counters")).json as { admin: Record<string, number> };
  assert.equal(admin?.unauthorisedRequests, 3);
});

test("an account is created once, with keys for both mechanisms and no password", async () => {
  const rollcall = await stage();
  assert.deepEqual(
    await call(rollcall, "POST", "/users", { ...alice, jid: "Alice@Example.ORG" }).then(
      ({ status, json }) => [status, json],
    ),
    [201, { jid: "alice@example.org", result: "created" }],
  );
  const account = await rollcall.accounts.find(alice.jid);
  assert.equal(account?.scram["SCRAM-SHA-1"].iterations, 4096);
  assert.equal(account?.scram["SCRAM-SHA-256"].iterations, 4096);
  assert.equal(account?.createdAt, 1_700_000_000_000);
  assert.doesNotMatch(JSON.stringify(account), /correct horse/);
  const again = await call(rollcall, "POST", "/users", alice);
  assert.equal(again.status, 409);
  assert.equal(again.json.error, "exists");
});

test("two who create the same account at the same time: one of them does", async () => {
  const rollcall = await stage();
  const statuses = await Promise.all(
    [alice, alice].map(async (user) => (await call(rollcall, "POST", "/users", user)).status),
  );
  assert.deepEqual(statuses.sort(), [201, 409]);
});

for (const [body, error] of [
  [{ jid: "alice@elsewhere.org", password: "x" }, "bad-jid"],
  [{ jid: "example.org", password: "x" }, "bad-jid"],
  [{ jid: "alice@example.org/phone", password: "x" }, "bad-jid"],
  [{ jid: "al ice@example.org", password: "x" }, "bad-jid"],
  [{ jid: "alice@example.org", password: "" }, "bad-password"],
  [{ jid: "alice@example.org", password: "tab\u0000" }, "bad-password"],
  [{ jid: "alice@example.org", password: "x".repeat(2000) }, "bad-password"],
  [{ jid: "alice@example.org" }, "bad-request"],
  [{ jid: "alice@example.org", password: "x", admin: true }, "bad-request"],
] as const) {
  test(`an account ${JSON.stringify(body).slice(0, 70)} is refused as ${error}`, async () => {
    const answer = await call(await stage(), "POST", "/users", body);
    assert.equal(answer.status, 400);
    assert.equal(answer.json.error, error);
  });
}

test("a new password changes the keys, and only of an account that is there", async () => {
  const rollcall = await stage();
  const path = "/users/alice%40example.org/password";
  assert.equal((await call(rollcall, "PUT", path, { password: "new" })).status, 404);
  await call(rollcall, "POST", "/users", alice);
  const before = await rollcall.accounts.find(alice.jid);
  assert.equal((await call(rollcall, "PUT", path, { password: "new" })).json.result, "changed");
  const after = await rollcall.accounts.find(alice.jid);
  assert.notDeepEqual(after?.scram, before?.scram);
  assert.equal(after?.createdAt, before?.createdAt);
});

test("users are listed one a line", async () => {
  const rollcall = await stage();
  await call(rollcall, "POST", "/users", alice);
  await call(rollcall, "POST", "/users", { jid: "bob@example.net", password: "x" });
  const listed = (await call(rollcall, "GET", "/users")).lines.map(({ jid }) => jid);
  assert.deepEqual(listed.sort(), ["alice@example.org", "bob@example.net"]);
});

test("removing an account takes keys, then sessions, then roster, then waiting messages", async () => {
  const order: string[] = [];
  const rollcall = await stage({
    beforeRoster: async (jid) =>
      void order.push((await rollcall.accounts.find(jid as BareJid)) ? "keys" : "no keys"),
    removeOfflineMessages: async (jid) => void order.push(`messages of ${jid}`),
  });
  await call(rollcall, "POST", "/users", alice);
  rollcall.sessions.set(alice.jid, [online]);
  rollcall.rosters.set(alice.jid, { "bob@example.org": {}, "carol@example.org": {} });
  const answer = await call(rollcall, "DELETE", "/users/alice%40example.org");
  assert.deepEqual(answer.json, { jid: alice.jid, result: "removed", sessions: 1, contacts: 2 });
  assert.deepEqual(rollcall.asked, [
    "end-sessions alice@example.org",
    "remove-account alice@example.org",
    "end-sessions alice@example.org",
  ]);
  assert.deepEqual(order, ["no keys", "messages of alice@example.org"]);
  assert.equal((await call(rollcall, "DELETE", "/users/alice%40example.org")).status, 404);
});

test("a removal that was cut off is finished by the next one", async () => {
  let failing = true;
  const rollcall = await stage({
    beforeRoster: () => {
      if (failing) throw new Error("owner died");
    },
  });
  await call(rollcall, "POST", "/users", alice);
  rollcall.rosters.set(alice.jid, { "bob@example.org": {} });
  assert.equal((await call(rollcall, "DELETE", "/users/alice%40example.org")).status, 500);
  assert.equal(await rollcall.accounts.find(alice.jid), undefined);
  failing = false;
  const answer = await call(rollcall, "DELETE", "/users/alice%40example.org");
  assert.deepEqual(answer.json, { jid: alice.jid, result: "removed", sessions: 0, contacts: 1 });
  assert.equal(rollcall.rosters.has(alice.jid), false);
});

test("a store that does not answer is 503, and asking again is invited", async () => {
  const accounts = createMemoryAccountStore();
  const rollcall = await stage({
    accounts: { ...accounts, find: () => Promise.reject(new StoreUnavailableError("no store")) },
  });
  const answer = await call(rollcall, "POST", "/users", alice);
  assert.equal(answer.status, 503);
  assert.equal(answer.json.error, "unavailable");
});

test("an import takes the good lines, names the bad ones, and may be run again", async () => {
  const rollcall = await stage();
  const file = [
    JSON.stringify(alice),
    "{ not json",
    "",
    '{"jid":"bob@elsewhere.org","password":"x"}',
    '{"jid":"bob@example.org","password":"x"}\r',
    '{"jid":"carol@example.org","password":"x"}',
  ].join("\n");
  const first = await call(rollcall, "POST", "/users/import", file);
  const bad = first.lines.filter(({ kind }) => kind === "bad").map(({ line, reason }) => [line, reason]);
  assert.deepEqual(bad.sort(), [
    [2, "bad-json"],
    [4, "bad-jid"],
  ]);
  assert.deepEqual(first.lines.at(-1), {
    kind: "result",
    counts: { lines: 5, created: 3, changed: 0, unchanged: 0, bad: 2, failed: 0 },
  });
  const second = await call(rollcall, "POST", "/users/import", file.replace("correct horse", "changed"));
  assert.deepEqual(second.lines.at(-1)?.counts, {
    lines: 5,
    created: 0,
    changed: 1,
    unchanged: 2,
    bad: 2,
    failed: 0,
  });
  assert.doesNotMatch(second.text, /password":/);
});

test("lines about one account are taken in their order", async () => {
  const rollcall = await stage();
  const file = ["one", "two", "three"].map((password) => JSON.stringify({ ...alice, password })).join("\n");
  const { lines } = await call(rollcall, "POST", "/users/import", file);
  assert.deepEqual(lines.at(-1)?.counts, {
    lines: 3,
    created: 1,
    changed: 2,
    unchanged: 0,
    bad: 0,
    failed: 0,
  });
  const again = await call(
    rollcall,
    "POST",
    "/users/import",
    JSON.stringify({ ...alice, password: "three" }),
  );
  assert.equal((again.lines.at(-1)!.counts as Record<string, number>).unchanged, 1);
});

test("a line that is too long, or not UTF-8, is bad and the next one is taken", async () => {
  const rollcall = await stage({ settings: { "admin.import_line_bytes": 1024 } });
  const { lines } = await call(
    rollcall,
    "POST",
    "/users/import",
    `"${"x".repeat(300_000)}"\n${JSON.stringify(alice)}`,
  );
  assert.deepEqual(lines[0], {
    kind: "bad",
    line: 1,
    reason: "line-too-long",
    message: "the line is too long",
  });
  assert.equal((lines.at(-1)!.counts as Record<string, number>).created, 1);
});

test("a drain ends an import that waits for lines, and says so", async () => {
  const rollcall = await stage();
  const upload = request(`${rollcall.url}/admin/v1/users/import`, {
    method: "POST",
    headers: { authorization: `Bearer ${rollcall.token}` },
  });
  upload.on("error", () => {});
  const reports: string[] = [];
  const answered = new Promise<void>((resolve) => {
    upload.on("response", (response) => {
      response.setEncoding("utf8").on("data", (text: string) => reports.push(text));
      response.on("close", resolve);
    });
  });
  upload.write(`${JSON.stringify(alice)}\n{"jid":"half a li`);
  while ((await rollcall.accounts.find(alice.jid)) === undefined) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await rollcall.service.drain(1000);
  await answered;
  const last = JSON.parse(reports.join("").trim().split("\n").at(-1)!) as Record<string, unknown>;
  assert.equal(last.kind, "cut-off");
  assert.deepEqual(last.counts, { lines: 1, created: 1, changed: 0, unchanged: 0, bad: 0, failed: 0 });
  upload.destroy();
  assert.equal((await call(rollcall, "GET", "/users")).status, 503);
});

test("rosters are imported, shown, refreshed and exported in the same form", async () => {
  const rollcall = await stage();
  await call(rollcall, "POST", "/users", alice);
  const roster = {
    jid: alice.jid,
    contacts: {
      "bob@elsewhere.org": { name: "Bob", groups: ["friends"], subscription: "both", pending_requests: {} },
      "carol@example.org": { subscription: "none", ask: "subscribe", ours: 7 },
    },
  };
  const file = [
    JSON.stringify(roster),
    JSON.stringify({ jid: "nobody@example.org", contacts: {} }),
    JSON.stringify({ jid: alice.jid, contacts: { "not a jid": {} } }),
    JSON.stringify({ jid: alice.jid, contacts: { "bob@example.org": { subscription: "maybe" } } }),
    JSON.stringify({ jid: alice.jid, contacts: { "bob@example.org": {}, "BOB@example.org": {} } }),
    JSON.stringify({ jid: alice.jid, contacts: { [alice.jid]: {} } }),
  ].join("\n");
  const { lines } = await call(rollcall, "POST", "/rosters/import", file);
  const bad = lines.filter(({ kind }) => kind === "bad").map(({ line, reason }) => [line, reason]);
  assert.deepEqual(bad.sort(), [
    [2, "not-found"],
    [3, "bad-contact"],
    [4, "bad-request"],
    [5, "bad-contact"],
    [6, "bad-contact"],
  ]);
  assert.deepEqual(lines.at(-1)?.counts, { lines: 6, added: 2, changed: 0, unchanged: 0, bad: 5, failed: 0 });

  assert.deepEqual((await call(rollcall, "GET", "/rosters/alice%40example.org")).json, {
    ...roster,
    version: "7",
  });
  assert.deepEqual((await call(rollcall, "GET", "/rosters")).lines, [roster]);
  const refreshed = await call(rollcall, "POST", "/rosters/alice%40example.org/refresh");
  assert.deepEqual(refreshed.json, { jid: alice.jid, result: "refreshed", pushed: 2 });
  assert.equal((await call(rollcall, "GET", "/rosters/nobody%40example.org")).status, 404);
});

test("lists and exports leave out an account that was removed and that the store still names", async () => {
  const accounts = createMemoryAccountStore();
  const rollcall = await stage({
    accounts: {
      ...accounts,
      async *list() {
        yield "removed@example.org" as BareJid;
        yield* accounts.list();
      },
    },
  });
  await call(rollcall, "POST", "/users", alice);
  assert.deepEqual((await call(rollcall, "GET", "/users")).lines, [{ jid: alice.jid }]);
  assert.deepEqual((await call(rollcall, "GET", "/rosters")).lines, [{ jid: alice.jid, contacts: {} }]);
});

test("an export that fails on the way does not look complete", async () => {
  const accounts = createMemoryAccountStore();
  const rollcall = await stage({
    accounts: {
      ...accounts,
      exists: async () => true,
      async *list() {
        for (let i = 0; i < 2000; i++) yield `user${i}@example.org` as BareJid;
        throw new Error("the listing broke");
      },
    },
  });
  await assert.rejects(call(rollcall, "GET", "/rosters"));
});

test("the sessions of an account are shown", async () => {
  const rollcall = await stage();
  rollcall.sessions.set(alice.jid, [online]);
  const answer = await call(rollcall, "GET", "/users/alice%40example.org/sessions");
  assert.deepEqual(answer.json, { jid: alice.jid, sessions: [online] });
});
