import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { allInOneSettings } from "@rollcall/all-in-one";
import { clusterSettings } from "@rollcall/cluster";
import { root } from "./sources.ts";

const all = { ...allInOneSettings, ...clusterSettings };

test("rollcall config shows every setting of the server, and no other", () => {
  const shown = JSON.parse(
    execFileSync(process.execPath, [join(root, "packages/cli/bin/rollcall.mjs"), "config", "--json"], {
      cwd: join(root, "test"),
      env: { PATH: process.env.PATH },
      encoding: "utf8",
    }),
  ) as { name: string }[];
  assert.deepEqual(shown.map(({ name }) => name).sort(), Object.keys(all).sort());
});

test("every setting says in a sentence what it is for", () => {
  for (const [name, declared] of Object.entries(all)) {
    assert.match(declared.doc, /^[A-Z].{20,}\.$/s, name);
  }
});
