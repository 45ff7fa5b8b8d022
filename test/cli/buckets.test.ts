/** `rollcall buckets apply`, against the embedded store over HTTP. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type EmbeddedRiak, openEmbeddedRiak } from "@rollcall/riak-embedded";
import { silentLogger } from "@rollcall/telemetry";
import { freePorts } from "@rollcall/testkit";

const main = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "rollcall-buckets-"));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function apply(host: string, ...options: readonly string[]): Promise<Said> {
  const child = spawn(process.execPath, [main, "buckets", "apply", ...options], {
    cwd: folder,
    env: { PATH: process.env.PATH, ROLLCALL_RIAK_HOSTS: host, ROLLCALL_ROSTER_BUCKET: "rosters" },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

async function propertiesOf(host: string, bucket: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`http://${host}/buckets/${bucket}/props`);
  return ((await answer.json()) as { props: Record<string, unknown> }).props;
}

describe("rollcall buckets apply", () => {
  let riak: EmbeddedRiak;
  let host: string;
  before(async () => {
    riak = await openEmbeddedRiak({ dir: join(folder, "riak"), logger: silentLogger });
    const [port = 0] = await freePorts(1);
    host = `127.0.0.1:${port}`;
    await riak.listen({ host: "127.0.0.1", port });
  });
  after(() => riak.close());

  test("sets what is wrong, says what was, and changes nothing when it comes again", async () => {
    const first = await apply(host);
    assert.equal(first.code, 0, first.stderr);
    assert.deepEqual(
      first.stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.split(";")[0]),
      ["rosters: set", "accounts: set", "offline: set"],
    );
    assert.match(first.stdout, /^rosters: set; bucket rosters: allow_mult is false, wanted true/m);
    for (const bucket of ["rosters", "accounts", "offline"]) {
      const { allow_mult, dvv_enabled } = await propertiesOf(host, bucket);
      assert.deepEqual({ allow_mult, dvv_enabled }, { allow_mult: true, dvv_enabled: true });
    }
    assert.deepEqual(await apply(host), {
      code: 0,
      stdout: "rosters: as it must be\naccounts: as it must be\noffline: as it must be\n",
      stderr: "",
    });
  });

  test("puts right what somebody has changed, and that alone", async () => {
    await apply(host);
    await fetch(`http://${host}/buckets/rosters/props`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ props: { allow_mult: false, n_val: 5 } }),
    });
    const said = await apply(host, "--json");
    const results = said.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(results[0].corrected, ["bucket rosters: allow_mult is false, wanted true"]);
    assert.deepEqual(
      results.slice(1).map(({ corrected }) => corrected),
      [[], []],
    );
    assert.equal((await propertiesOf(host, "rosters")).n_val, 5);
  });
});

test("rollcall buckets apply without a Riak ends with 4, and names the host and the setting", async () => {
  const [port = 0] = await freePorts(1);
  const { code, stdout, stderr } = await apply(`127.0.0.1:${port}`, "--wait", "0");
  assert.deepEqual({ code, stdout }, { code: 4, stdout: "" });
  assert.match(stderr, new RegExp(`no Riak at 127.0.0.1:${port} answered within 0 s .*is riak.hosts right`));
});

test("rollcall buckets apply waits for a Riak that is not there yet", async (t) => {
  const [port = 0] = await freePorts(1);
  const said = apply(`127.0.0.1:${port}`, "--wait", "60");
  const riak = await openEmbeddedRiak({ dir: join(folder, "late"), logger: silentLogger });
  t.after(() => riak.close());
  await riak.listen({ host: "127.0.0.1", port });
  const { code, stderr } = await said;
  assert.equal(code, 0, stderr);
});

test("rollcall buckets apply tells when Riak takes the properties and does not keep them", async (t) => {
  const deaf: Server = createServer((request, response) => {
    request.resume();
    if (request.method === "PUT") response.writeHead(204).end();
    else
      response.writeHead(200, { "content-type": "application/json" }).end('{"props":{"allow_mult":false}}');
  });
  await new Promise<void>((resolve) => deaf.listen(0, "127.0.0.1", resolve));
  t.after(() => deaf.close());
  const { code, stderr } = await apply(`127.0.0.1:${(deaf.address() as AddressInfo).port}`);
  assert.equal(code, 3);
  assert.match(stderr, /Riak has not kept them: bucket rosters: allow_mult is false, wanted true/);
});
