/** docs/diagnosis.md tells what every finding and every reason means, and of none that there is not. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** The codes in the sources below a folder, in the forms in which they are made there. */
function codesIn(folder: string): string[] {
  const code = '"([a-z]+(?:-[a-z]+)*)"';
  const forms = [
    `(?:found|reason)\\(\\s*(?:[^",]*\\?\\s*)?"(?:error|warning|blocks|unknown|hint)"[^",]*(?:"[a-z]+")?,\\s*${code}`,
    `found\\(\\s*severity,\\s*${code}`,
    `(?:found|refused|unreachable)\\("[a-z]+", [^,]+, ${code}`,
    `unreachable\\(${code}`,
    `code: (?:[^,\\n]*\\? "[a-z-]+" : )?${code}`,
    `code: [^,\\n]*\\? ${code}`,
  ].map((form) => new RegExp(form, "g"));
  return readdirSync(join(root, folder))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"))
    .flatMap((file) => {
      const text = readFileSync(join(root, folder, file), "utf8");
      return forms.flatMap((form) => [...text.matchAll(form)].map(([, found = ""]) => found));
    });
}

test("every code is explained, and every explained one is there", () => {
  const made = new Set(["services/admin/src/diagnosis", "packages/cli/src/doctor"].flatMap(codesIn));
  const told = new Set(
    readFileSync(join(root, "docs/diagnosis.md"), "utf8")
      .split("\n")
      .flatMap(
        (line) => /^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|/.exec(line)?.[1]?.replaceAll("`", "").split(", ") ?? [],
      ),
  );
  assert.ok(made.size > 40, `${made.size} codes`);
  assert.deepEqual([...made].filter((code) => !told.has(code)).sort(), [], "add them to docs/diagnosis.md");
  assert.deepEqual([...told].filter((code) => !made.has(code)).sort(), [], "nobody says these");
});
