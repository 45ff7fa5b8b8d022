import assert from "node:assert/strict";
import { after, test } from "node:test";
import { type AdminStage, startAdminStage } from "../testing/admin-stage.ts";

async function stage(): Promise<AdminStage> {
  const started = await startAdminStage();
  after(() => started.stop());
  return started;
}

async function post(
  { url, token }: AdminStage,
  path: string,
  body: unknown,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const response = await fetch(`${url}/admin/v1${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

test("an account is traced for a while, in every process", async () => {
  const rollcall = await stage();
  rollcall.control.answer("trace", ({ account, resource, forMs }) => {
    assert.deepEqual([account, resource, forMs], ["juliet@example.org", undefined, 300_000]);
    return { until: 9, sessions: 2 };
  });
  assert.deepEqual(await post(rollcall, "/trace", { jid: "Juliet@example.org", forMs: 300_000 }), {
    status: 200,
    json: {
      jid: "juliet@example.org",
      processes: [
        { process: "roster-1", kind: "roster", version: "0.1.0", result: "done", until: 9, sessions: 2 },
      ],
      missing: [],
    },
  });
});

test("a full JID traces one session", async () => {
  const rollcall = await stage();
  rollcall.control.answer("trace", ({ account, resource }) => {
    assert.deepEqual([account, resource], ["juliet@example.org", "the Balcony/2"]);
    return {};
  });
  const answer = await post(rollcall, "/trace", { jid: "juliet@example.org/the Balcony/2", forMs: 0 });
  assert.equal(answer.json.jid, "juliet@example.org/the Balcony/2");
});

test("processes that cannot do it are told apart from those that did", async () => {
  const rollcall = await stage();
  const answer = await post(rollcall, "/log-level", { level: "debug", processes: ["roster", "presence"] });
  assert.deepEqual(answer.json, {
    level: "debug",
    processes: [{ process: "roster-1", kind: "roster", version: "0.1.0", result: "not-known" }],
    missing: ["presence"],
  });
  rollcall.control.answer("log-level", () => {
    throw new Error("stuck");
  });
  const failed = await post(rollcall, "/log-level", { level: "debug" });
  assert.deepEqual(failed.json.processes, [
    { process: "roster-1", kind: "roster", version: "0.1.0", result: "failed", message: "stuck" },
  ]);
});

test("what cannot be meant is refused, and nobody is asked", async () => {
  const rollcall = await stage();
  rollcall.control.answer("trace", () => assert.fail("asked"));
  rollcall.control.answer("log-level", () => assert.fail("asked"));
  for (const [path, body] of [
    ["/trace", { jid: "juliet@example.org" }],
    ["/trace", { jid: "juliet@elsewhere.org", forMs: 1 }],
    ["/trace", { jid: "example.org", forMs: 1 }],
    ["/trace", { jid: "juliet@example.org", forMs: 1e12 }],
    ["/log-level", { level: "chatty" }],
    ["/log-level", { level: "info", forMs: 0 }],
    ["/log-level", { level: "info", processes: [] }],
  ] as const) {
    assert.equal((await post(rollcall, path, body)).status, 400, `${path} ${JSON.stringify(body)}`);
  }
});
