import assert from "node:assert/strict";
import { test } from "node:test";
import { createRedact } from "./redact.ts";

test("plain leaves JIDs as they are", () => {
  const fields = { event: "x.y", jid: "alice@example.org/phone" };
  assert.equal(createRedact("plain")(fields), fields);
});

test("hashed keeps the domain alone, and gives one person one stand-in", () => {
  const redact = createRedact("hashed", "key");
  const full = redact({ from: "alice@example.org/phone" }).from as string;
  const bare = redact({ to: "alice@example.org" }).to as string;
  assert.match(full, /^#[0-9a-f]{12}@example\.org\/#[0-9a-f]{12}$/);
  assert.equal(full.split("/")[0], bare);
  assert.notEqual(redact({ to: "bob@example.org" }).to, bare);
  assert.notEqual(createRedact("hashed", "other")({ to: "alice@example.org" }).to, bare);
});

test("hashed keeps a domain, and fields that are no JIDs", () => {
  const redact = createRedact("hashed", "key");
  assert.deepEqual(redact({ to: "example.org", service: "roster", ms: 3 }), {
    to: "example.org",
    service: "roster",
    ms: 3,
  });
});
