import { performance } from "node:perf_hooks";
import { silentLogger } from "@rollcall/telemetry";
import { openEmbeddedRiak } from "./embedded-riak.ts";
import type { RiakMethod, RiakRequest } from "./riak-message.ts";
import { temporaryDirectory } from "./testing/temporary-directory.ts";

/** What one call of `handle` costs with a roster of 10 KB: `node dist/embedded-riak.bench.js`. Microseconds each. */

const directory = temporaryDirectory();
const riak = await openEmbeddedRiak({ dir: directory.path, logger: silentLogger });
const JSON_TYPES = { accept: "application/json, multipart/mixed", "content-type": "application/json" };
const request = (
  method: RiakMethod,
  path: string,
  headers: Record<string, string> = {},
  body?: Uint8Array | string,
): RiakRequest => ({ method, path, headers: { ...JSON_TYPES, ...headers }, body, timeoutMs: 5000 });

async function measure(
  name: string,
  calls: number,
  concurrent: number,
  call: (n: number) => Promise<unknown>,
): Promise<void> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < calls) await call(next++);
  };
  await Promise.all(Array.from({ length: concurrent }, worker));
  const wall = ((performance.now() - start) * 1000) / calls;
  const { user, system } = process.cpuUsage(cpu);
  console.log(`${name}: ${wall.toFixed(1)} wall, ${((user + system) / calls).toFixed(1)} cpu`);
}

const roster = Buffer.alloc(10_240, '{"juliet@capulet.example": {}}');
const path = "/buckets/xmpp/keys/romeo%40montague.example";
await riak.handle(request("PUT", path, { "x-riak-meta-rev": "7" }, roster));
const { headers } = await riak.handle(request("GET", path));
const known = { "if-none-match": headers.etag! };
for (const round of ["warming up", "GET"]) {
  await measure(`${round}, found`, 30_000, 1, () => riak.handle(request("GET", path)));
  await measure(`${round}, not modified`, 30_000, 1, () => riak.handle(request("GET", path, known)));
  await measure(`${round}, not found`, 30_000, 1, () =>
    riak.handle(request("GET", "/buckets/xmpp/keys/nobody")),
  );
}
const put = (n: number): Promise<unknown> =>
  riak.handle(request("PUT", `/buckets/xmpp/keys/${n % 2000}`, {}, roster));
await measure("PUT, one writer", 300, 1, put);
await measure("PUT, 64 writers", 8000, 64, put);
await measure("PUT, 256 writers", 8000, 256, put);
await riak.close();
directory.remove();
