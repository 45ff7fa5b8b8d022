import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { describeLogs } from "./describe-logs.ts";
import { fieldsOfKind, logFields } from "./log-fields.ts";
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

/** The names of the fields of each object that is logged or bound; `...` for what is spread into it. */
function* loggedFields(text: string): Generator<string> {
  for (const call of text.matchAll(/\.(?:(?:debug|info|warn|error)\(\s*\{\s*event:|with\(\s*\{)/g)) {
    const start = text.indexOf("{", call.index) + 1;
    let depth = 0;
    let entry = "";
    for (let i = start; depth >= 0; i++) {
      const char = text[i]!;
      if ("({[`".includes(char) && !(char === "`" && depth > 0)) depth++;
      else if (")}]`".includes(char)) depth--;
      if (depth > 0 || (char !== "," && depth === 0)) entry += char;
      else {
        const name = /^\s*(\w+|\.\.\.)/.exec(entry)?.[1];
        if (name !== undefined) yield name;
        entry = "";
      }
    }
  }
}

/** Whoever logs a JID must find it redacted; what traces add is bound to loggers. */
const reserved: ReadonlySet<string> = new Set([...fieldsOfKind("jid"), "event", "span_id", "trace_id"]);

test("every field that is logged is in the catalogue, and nothing else is", () => {
  const used = new Set<string>();
  for (const text of sources()) for (const name of loggedFields(text)) used.add(name);
  assert.deepEqual(
    [...used].filter((name) => name !== "event" && !(name in logFields)),
    [],
    "add them to log-fields.ts",
  );
  assert.deepEqual(
    Object.keys(logFields).filter((name) => !used.has(name) && !reserved.has(name)),
    [],
    "nobody logs these; take them out of log-fields.ts",
  );
});

const documentation = join(root, "docs/logs.md");

test("the documentation is the catalogue; `npm run logs` writes it", () => {
  assert.equal(readFileSync(documentation, "utf8"), describeLogs());
});
