import { silentLogger } from "@rollcall/telemetry";
import { openEmbeddedRiak } from "../embedded-riak.ts";

/**
 * A process for `durability.test.ts` to kill: 16 writers store numbered objects in the directory of its argument and report
 * every number whose write was answered.
 */

const WRITERS = 16;

const riak = await openEmbeddedRiak({ dir: process.argv[2]!, logger: silentLogger });
let next = 0;

async function write(): Promise<never> {
  for (;;) {
    const number = next++;
    const { status } = await riak.handle({
      method: "PUT",
      path: `/buckets/numbers/keys/${number}`,
      headers: { "content-type": "text/plain" },
      body: `value of ${number} `.repeat(50),
      timeoutMs: 10_000,
    });
    if (status !== 204) throw new Error(`answered ${status}`);
    process.send!(number);
  }
}

await Promise.all(Array.from({ length: WRITERS }, write));
