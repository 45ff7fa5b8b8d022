/** A SPEC.md says of every rule of its specification which test shows it, or why none does. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { root } from "./sources.ts";

interface Row {
  readonly id: string;
  readonly rule: string;
  readonly shownBy: readonly string[];
}

interface Evidence {
  readonly file: string;
  readonly title: string;
}

/** The rows of every table whose first column is `id`. */
function rowsOf(document: string): Row[] {
  const rows: Row[] = [];
  let isTable = false;
  for (const line of document.split("\n")) {
    const cells = line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("\\|", "|"));
    const [id, rule, shownBy] = cells;
    if (id === undefined || rule === undefined || shownBy === undefined) isTable = false;
    else if (id === "id") isTable = true;
    else if (isTable && !/^:?-+:?$/.test(id)) {
      rows.push({ id, rule, shownBy: shownBy.split("<br>").map((entry) => entry.trim()) });
    }
  }
  return rows;
}

function evidenceOf(entry: string): Evidence | undefined {
  const [, file, title] = /^`([^`]+\.test\.ts)` › (.+)$/.exec(entry) ?? [];
  return file === undefined || title === undefined ? undefined : { file, title };
}

const sources = new Map<string, string | undefined>();

function sourceOf(file: string): string | undefined {
  if (!sources.has(file)) {
    const path = join(root, file);
    sources.set(file, existsSync(path) ? readFileSync(path, "utf8") : undefined);
  }
  return sources.get(file);
}

/** What is wrong with one entry of the last column. */
function faultOf(entry: string): string | undefined {
  if (/^reason: \S+ \S+/.test(entry)) return undefined;
  const evidence = evidenceOf(entry);
  if (evidence === undefined) return `neither a test nor a reason: "${entry}"`;
  const source = sourceOf(evidence.file);
  if (source === undefined) return `no file ${evidence.file}`;
  const isThere = ['"', "'", "`"].some((quote) => source.includes(`${quote}${evidence.title}${quote}`));
  return isThere ? undefined : `no test "${evidence.title}" in ${evidence.file}`;
}

function repeated(ids: readonly string[]): string[] {
  return ids.filter((id, index) => ids.indexOf(id) !== index);
}

for (const home of ["packages/xmpp", "packages/rfc6121"]) {
  describe(`${home}/SPEC.md`, () => {
    const ids = JSON.parse(readFileSync(join(root, home, "spec-ids.json"), "utf8")) as string[];
    const rows = rowsOf(readFileSync(join(root, home, "SPEC.md"), "utf8"));

    test("has every rule exactly once", () => {
      const known = new Set(ids);
      const present = new Set(rows.map(({ id }) => id));
      assert.deepEqual(repeated(ids), [], "twice in spec-ids.json");
      assert.deepEqual(repeated(rows.map(({ id }) => id)), [], "twice in SPEC.md");
      assert.deepEqual(
        ids.filter((id) => !present.has(id)),
        [],
        "without a row",
      );
      assert.deepEqual(
        [...present].filter((id) => !known.has(id)),
        [],
        "not in spec-ids.json",
      );
    });

    test("names a test that exists, or a reason, for every rule", () => {
      const faults = rows.flatMap(({ id, rule, shownBy }) => [
        ...(rule === "" ? [`${id}: says nothing`] : []),
        ...shownBy.map(faultOf).flatMap((fault) => (fault === undefined ? [] : [`${id}: ${fault}`])),
      ]);
      assert.deepEqual(faults, []);
    });
  });
}
