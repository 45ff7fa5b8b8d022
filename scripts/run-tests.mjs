// Runs the compiled tests: all of them, or those below the given folders.
//   npm test                       everything
//   npm test -- packages/xmpp      one package
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";

const asked = process.argv.slice(2);
const workspaces = ["packages", "services"].flatMap((folder) =>
  readdirSync(folder).map((name) => join(folder, name)),
);
const roots = asked.length > 0 ? asked : [...workspaces, "test"];

function testFiles(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.js"))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => path.split("/").includes("dist") && !path.includes("node_modules"))
    .sort();
}

const files = roots.flatMap(testFiles);
if (files.length === 0) {
  console.error(`no compiled tests below ${roots.join(", ")}; run npm run build first`);
  process.exit(1);
}
const concurrency = process.env.TEST_CONCURRENCY ?? "2";
const run = spawnSync(process.execPath, ["--test", `--test-concurrency=${concurrency}`, ...files], {
  stdio: "inherit",
});
process.exit(run.status ?? 1);
