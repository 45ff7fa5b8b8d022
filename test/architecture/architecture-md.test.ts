import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root, sourceFiles } from "./sources.ts";

const documents = ["ARCHITECTURE.md", "README.md", "CONTRIBUTING.md"];

/** Words in backticks of a document. */
function quoted(document: string): string[] {
  const text = readFileSync(join(root, document), "utf8").replace(/^```[\s\S]*?^```/gm, "");
  return [...text.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? "");
}

test("every path that the documents name exists", () => {
  const missing = documents.flatMap((document) =>
    quoted(document)
      .filter((word) => /^(packages|services|test|docs|scripts|deploy|\.ci)\/[\w./-]+$/.test(word))
      .filter((path) => !existsSync(join(root, path)))
      .map((path) => `${document}: ${path}`),
  );
  assert.deepEqual(missing, []);
});

test("every function and class that ARCHITECTURE.md names exists", () => {
  const code = sourceFiles()
    .filter((file) => !file.isTest)
    .map((file) => file.text)
    .join("\n");
  const missing = quoted("ARCHITECTURE.md")
    .filter((word) => /^[a-z]+[A-Z]\w*$|^[A-Z][a-z]+[A-Z]\w*$/.test(word))
    .filter(
      (name) =>
        !new RegExp(`\\b(function|class|interface|type|const) ${name}\\b|\\breadonly ${name}\\b`).test(code),
    );
  assert.deepEqual(missing, []);
});
