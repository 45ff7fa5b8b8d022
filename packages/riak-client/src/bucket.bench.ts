/** What the client adds to a store in the same process: `node packages/riak-client/dist/bucket.bench.js`. */
import { silentLogger } from "@rollcall/telemetry";
import { createDirectTransport } from "./direct-transport.ts";
import { createRiakClient } from "./riak-client.ts";
import type { RiakRequest, RiakResponse } from "./riak-transport.ts";
import { jsonCodec, type ValueCodec } from "./value-codec.ts";

const CONTEXT = "a85hYGBgzGDKBVI8ypz/fn7r/fYeIpTImMfKsJqz4glfFgA=";
const ETAG = "6z9hSA7f0KCxwS5ph6d2ON";
const contact = { name: "Mercutio", groups: ["Verona"], subscription: "both", pending_requests: {} };
const roster = Object.fromEntries(
  Array.from({ length: 30 }, (_, i) => [`contact${i}@verona.example`, contact]),
);
const body = Buffer.from(JSON.stringify(roster));

const found: RiakResponse = {
  status: 200,
  headers: {
    "x-riak-vclock": CONTEXT,
    "x-riak-meta-rev": "77",
    vary: "Accept-Encoding",
    link: '</buckets/xmpp>; rel="up"',
    "last-modified": "Mon, 23 Nov 2026 00:49:47 GMT",
    etag: `"${ETAG}"`,
    "content-type": "application/json",
  },
  body,
};
const notModified: RiakResponse = { status: 304, headers: { etag: `"${ETAG}"` }, body: Buffer.alloc(0) };
const handle = async ({ headers }: RiakRequest): Promise<RiakResponse> =>
  headers["if-none-match"] === undefined ? found : notModified;

const asBytes: ValueCodec<Uint8Array> = {
  contentType: "application/json",
  encode: (value) => value,
  decode: (stored) => stored,
};

async function measure(title: string, operation: (key: string) => Promise<unknown>): Promise<void> {
  const rounds = 100_000;
  for (let i = 0; i < rounds / 10; i++) await operation(`user${i % 1_000}@verona.example`);
  const start = performance.now();
  for (let i = 0; i < rounds; i++) await operation(`user${i % 1_000}@verona.example`);
  const micros = ((performance.now() - start) * 1_000) / rounds;
  process.stdout.write(`${title.padEnd(32)} ${micros.toFixed(2)} µs\n`);
}

const client = createRiakClient({ transport: createDirectTransport(handle), logger: silentLogger });
const raw = client.bucket({ name: "xmpp", codec: asBytes });
const json = client.bucket({ name: "xmpp", codec: jsonCodec<typeof roster>() });
process.stdout.write(`value of ${body.length} bytes\n`);
await measure("get", (key) => raw.get(key));
await measure("get, unchanged", (key) => raw.get(key, { ifNoneMatch: ETAG }));
await measure("get, JSON", (key) => json.get(key));
await measure("put", (key) => raw.put(key, body, { context: CONTEXT, meta: { rev: "77" } }));
await measure("put, JSON", (key) => json.put(key, roster, { context: CONTEXT, meta: { rev: "77" } }));
await client.close();
