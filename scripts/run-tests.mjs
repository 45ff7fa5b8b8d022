// Runs the compiled tests: all of them, or those below the given folders.
//   npm test                       everything
//   npm test -- packages/xmpp      one package
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
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

const folder = mkdtempSync(join(tmpdir(), "rollcall-tests-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
// What failed is said again at the end, where one looks for it.
let failed = "";

/** @returns the exit code. */
function runTests(env, paths) {
  const failures = join(folder, "failures");
  const run = spawnSync(
    process.execPath,
    [
      "--test",
      `--test-concurrency=${concurrency}`,
      // For a file as well: one that does not end must not keep everything from being told.
      "--test-timeout=300000",
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      `--test-reporter=${new URL("failures-reporter.mjs", import.meta.url)}`,
      `--test-reporter-destination=${failures}`,
      ...paths,
    ],
    { stdio: "inherit", env: { ...process.env, ...env } },
  );
  failed += readFileSync(failures, "utf8");
  return run.status ?? 1;
}

let code = runTests({}, files);

// Stories hold for the services in one process and over NATS.
const stories = files.filter((path) => path.startsWith(join("test", "dist", "scenarios")));
if (stories.length > 0 && process.env.TEST_COMPOSITION === undefined) {
  const natsServer = process.env.NATS_SERVER ?? "nats-server";
  if (spawnSync(natsServer, ["--version"]).status === 0) {
    console.log(`\n# the ${stories.length} files of stories once more, over NATS`);
    code = Math.max(code, runTests({ TEST_COMPOSITION: "nats" }, stories));
  } else if (process.env.CI !== undefined) {
    console.error(
      `the stories over NATS need ${natsServer}, which does not run (apt-get install nats-server)`,
    );
    code = 1;
  } else {
    console.log(
      `\n# the stories over NATS are left out: ${natsServer} does not run (apt-get install nats-server)`,
    );
  }
}
if (failed !== "") console.log(`\n# failed${failed}`);
process.exit(code);
