import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { impureWords, mayImport, pureModules, purePackages } from "./rules.ts";
import { codeOf, homes, root, type SourceFile, sourceFiles } from "./sources.ts";

const files = sourceFiles();
const shipped = files.filter((file) => !file.isTest);

function homeOf(specifier: string): string | undefined {
  const name = /^@rollcall\/([^/]+)/.exec(specifier)?.[1];
  return name === undefined ? undefined : homes().find((home) => home.endsWith(`/${name}`));
}

test("the scan sees the sources", () => {
  assert.ok(files.length > 100, `${files.length} files`);
  assert.ok(files.flatMap((file) => file.imports).length > 500);
});

test("packages and services import only what they may", () => {
  const wrong = shipped.flatMap((file) => {
    const allowed = mayImport[file.home];
    assert.ok(allowed !== undefined, `${file.home} is not in the rules`);
    return file.imports
      .map((entry) => homeOf(entry.specifier))
      .filter((home): home is string => home !== undefined)
      .filter(
        (home) =>
          home !== file.home &&
          !allowed.some((prefix) => home === prefix || (prefix.endsWith("/") && home.startsWith(prefix))),
      )
      .map((home) => `${file.path} imports ${home}`);
  });
  assert.deepEqual(wrong, []);
});

test("others are reached by their front door", () => {
  const wrong = files.flatMap((file) =>
    file.imports
      .filter(
        ({ specifier, file: target }) =>
          (/^@rollcall\/[^/]+\/./.test(specifier) &&
            !(
              /\/(contract|testing)$/.test(specifier) &&
              (file.isTest || file.home === "packages/testkit")
            )) ||
          (target !== undefined && !target.startsWith(`${file.home}/`)),
      )
      .map(({ specifier }) => `${file.path} imports ${specifier}`),
  );
  assert.deepEqual(wrong, []);
});

test("what ships imports no tests, and nothing that is only there for development", () => {
  const wrong = shipped.flatMap((file) => {
    const manifest = JSON.parse(readFileSync(join(root, file.home, "package.json"), "utf8")) as {
      dependencies?: Record<string, string>;
    };
    return file.imports
      .filter(({ specifier, file: target }) => {
        if (target !== undefined) return files.some((other) => other.path === target && other.isTest);
        if (specifier.startsWith("node:")) return false;
        const name = specifier
          .split("/")
          .slice(0, specifier.startsWith("@") ? 2 : 1)
          .join("/");
        return name !== `@rollcall/${file.home.split("/")[1]}` && manifest.dependencies?.[name] === undefined;
      })
      .map(({ specifier }) => `${file.path} imports ${specifier}`);
  });
  assert.deepEqual(wrong, []);
});

test("the pure packages have no I/O, clock, randomness, timers or output", () => {
  const pure = shipped.filter((file) => purePackages.includes(file.home));
  const wrong = pure.flatMap((file) => {
    const code = codeOf(file.text);
    return [
      ...file.imports
        .filter(({ specifier }) => specifier.startsWith("node:") && !pureModules.includes(specifier))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
      ...impureWords.filter((word) => word.test(code)).map((word) => `${file.path} uses ${word.source}`),
    ];
  });
  assert.deepEqual(wrong, []);
});

test("no files import each other in a circle", () => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: SourceFile, path: readonly string[]): void => {
    if (path.includes(file.path)) {
      circles.push([...path.slice(path.indexOf(file.path)), file.path].join(" → "));
      return;
    }
    if (done.has(file.path)) return;
    for (const entry of file.imports) {
      const target = entry.file === undefined || entry.typeOnly ? undefined : byPath.get(entry.file);
      if (target !== undefined) visit(target, [...path, file.path]);
    }
    done.add(file.path);
  };
  for (const file of files) visit(file, []);
  assert.deepEqual(circles, []);
});

test("an index names what it exports, and a subject is built in one place", () => {
  const wrong = files.flatMap((file) => [
    ...(/^export \*/m.test(file.text) ? [`${file.path} has export *`] : []),
    ...(!file.path.endsWith("contracts/src/subjects.ts") &&
    /["'`]rollcall\.v\d/.test(file.text) &&
    !file.isTest
      ? [`${file.path} spells a subject`]
      : []),
  ]);
  assert.deepEqual(wrong, []);
});

test("every package and service has a README of its own", () => {
  for (const home of homes()) {
    assert.ok(readFileSync(join(root, home, "README.md"), "utf8").length > 200, home);
  }
});
