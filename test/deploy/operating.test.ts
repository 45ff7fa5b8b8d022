/** docs/operating.md tells operators only what there is: settings, commands, metrics, files and headings. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { allInOneSettings } from "@rollcall/all-in-one";
import { clusterSettings } from "@rollcall/cluster";
import { events } from "@rollcall/telemetry";
import { parse } from "yaml";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const page = read("docs/operating.md");
const quoted = [...page.replace(/^ *```[\s\S]*?^ *```/gm, "").matchAll(/`([^`\n]+)`/g)].map(
  ([, word = ""]) => word,
);
const blocks = [...page.matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].map(([, text = ""]) => text);

/** `a.b.c` for everything in a tree of values. */
function pathsOf(tree: unknown, prefix = ""): string[] {
  if (typeof tree !== "object" || tree === null || Array.isArray(tree)) return [];
  return Object.entries(tree).flatMap(([key, value]) => [
    `${prefix}${key}`,
    ...pathsOf(value, `${prefix}${key}.`),
  ]);
}

test("every setting, event and value of the chart that is named exists", () => {
  const settings = new Set(Object.keys({ ...allInOneSettings, ...clusterSettings }));
  const logged = Object.keys(events);
  const values = pathsOf(parse(read("deploy/helm/rollcall/values.yaml"), { merge: true }));
  const known = new Set([...settings, ...logged, ...values]);
  const areas = new Set([...known].filter((name) => name.includes(".")).map((name) => name.split(".")[0]));
  const named = quoted
    .map((word) => word.replace(/: .*$|=.*$/s, ""))
    .filter((word) => /^[a-z_-]+(\.[A-Za-z_0-9-]+)+$/.test(word) && areas.has(word.split(".")[0]));
  assert.ok(named.length > 80, `${named.length} names`);
  assert.deepEqual([...new Set(named)].filter((name) => !known.has(name)).sort(), []);
});

/** The commands below one that has some, as its help lists them. */
function commandsOf(...words: string[]): Set<string> {
  const help = execFileSync(
    process.execPath,
    [join(root, "packages/cli/bin/rollcall.mjs"), ...words, "--help"],
    {
      encoding: "utf8",
      env: { PATH: process.env.PATH },
    },
  );
  const list = /^Commands:\n((?: {2}.*\n)*)/m.exec(help)?.[1] ?? "";
  return new Set([...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name = ""]) => name));
}

test("every rollcall command exists", () => {
  const lines = [...quoted, ...blocks.flatMap((block) => block.split(/\n|\| /))];
  const named = lines.flatMap((line) => {
    const found =
      /^(?:npx |node packages\/cli\/bin\/)?rollcall(?:\.mjs)? ([a-z-]+)(?: ([a-z-]+))?(?= |$)/.exec(
        line.trim(),
      );
    return found === null ? [] : [[found[1] ?? "", found[2] ?? ""] as const];
  });
  assert.ok(named.length > 20, `${named.length} commands`);
  const top = commandsOf();
  const below = new Map<string, Set<string>>();
  const missing = named.filter(([verb, next]) => {
    if (!top.has(verb)) return true;
    if (next === "") return false;
    const known = below.get(verb) ?? commandsOf(verb);
    below.set(verb, known);
    return known.size > 0 && !known.has(next);
  });
  assert.deepEqual(missing, []);
});

test("every metric that is named exists", () => {
  const known = read("docs/metrics.md");
  const named = quoted.filter((word) => /^rollcall_[a-z_]+$/.test(word));
  assert.ok(named.length > 3);
  assert.deepEqual(
    named.filter((name) => !known.includes(`\`${name}\``)),
    [],
  );
});

/** What GitHub makes of a heading. */
const anchor = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");

test("every linked file, and every heading of it, exists", () => {
  const links = [...page.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  const broken = links
    .filter((target) => !/^https:/.test(target))
    .filter((target) => {
      const [path = "", heading] = target.split("#");
      const file = path === "" ? "docs/operating.md" : join(dirname("docs/operating.md"), path);
      if (!existsSync(join(root, file))) return true;
      if (heading === undefined) return false;
      const headings = [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) => anchor(text));
      return !headings.includes(heading);
    });
  assert.deepEqual(broken, []);
});

test("every path of this repository that is named exists", () => {
  const named = quoted.filter((word) =>
    /^(deploy|docs|packages|services|test|scripts)\/[\w./-]+$/.test(word),
  );
  assert.deepEqual(
    named.filter((path) => !existsSync(join(root, path))),
    [],
  );
});
