import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { events } from "./names.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

function sources(): string[] {
  return ["packages", "services"].flatMap((area) =>
    readdirSync(join(root, area)).flatMap((name) => {
      const folder = join(root, area, name, "src");
      return readdirSync(folder, { recursive: true, encoding: "utf8" })
        .filter((path) => path.endsWith(".ts") && !/\.(test|bench|contract)\.ts$|(^|\/)testing\//.test(path))
        .map((path) => readFileSync(join(folder, path), "utf8"));
    }),
  );
}

/** A name as it is written in a call of a logger; `${…}` stands for anything. */
const logged = /\.(?:debug|info|warn|error)\(\s*\{\s*event:\s*(?:"([^"]+)"|`([^`]+)`)/g;

test("every event that is logged is in the catalogue, and nothing else is", () => {
  const names = Object.keys(events);
  const used = new Set<string>();
  const missing: string[] = [];
  for (const text of sources()) {
    for (const [, name, template] of text.matchAll(logged)) {
      const pattern = (name ?? template!).replaceAll(".", "\\.").replace(/\$\{[^}]*\}/g, "[a-z-]+");
      const matching = names.filter((known) => new RegExp(`^${pattern}$`).test(known));
      if (matching.length === 0) missing.push(name ?? template!);
      for (const known of matching) used.add(known);
    }
  }
  assert.deepEqual(missing, [], "add them to names.ts");
  assert.deepEqual(
    names.filter((name) => !used.has(name)),
    [],
    "nobody logs these; take them out of names.ts",
  );
});

test("names have the form area.what", () => {
  for (const name of Object.keys(events)) assert.match(name, /^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/);
});
