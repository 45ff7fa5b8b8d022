import { silentLogger } from "@rollcall/telemetry";
import { type EmbeddedRiak, type EmbeddedRiakOptions, openEmbeddedRiak } from "../embedded-riak.ts";
import type { RiakMethod, RiakResponse } from "../riak-message.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

/** A store in a directory of its own, with a clock of its own, for tests. */
export interface TestStore {
  readonly dir: string;
  readonly riak: EmbeddedRiak;
  /** `"PUT /buckets/b/keys/k"` */
  send(
    line: string,
    headers?: Readonly<Record<string, string>>,
    body?: Uint8Array | string,
  ): Promise<RiakResponse>;
  advance(ms: number): void;
  /** Closes the store and opens it again with another clock reading. */
  reopen(options?: { readonly now?: number }): Promise<void>;
  close(): Promise<void>;
}

export async function openTestStore(options: Partial<EmbeddedRiakOptions> = {}): Promise<TestStore> {
  const directory = temporaryDirectory();
  let now = Date.parse("2026-11-23T00:49:47Z");
  const open = (): Promise<EmbeddedRiak> =>
    openEmbeddedRiak({ dir: directory.path, logger: silentLogger, clock: { now: () => now }, ...options });
  let riak = await open();
  return {
    dir: directory.path,
    get riak() {
      return riak;
    },
    send(line, headers = {}, body) {
      const [method, path] = line.split(" ") as [RiakMethod, string];
      return riak.handle({ method, path, headers, body, timeoutMs: 10_000 });
    },
    advance(ms) {
      now += ms;
    },
    async reopen(other = {}) {
      await riak.close();
      now = other.now ?? now;
      riak = await open();
    },
    async close() {
      await riak.close();
      directory.remove();
    },
  };
}

export const JSON_BODY = { "content-type": "application/json" } as const;

/** Makes a bucket keep siblings, by dotted version vectors. */
export async function keepSiblings(store: TestStore, bucket: string): Promise<void> {
  const body = '{"props":{"allow_mult":true,"dvv_enabled":true}}';
  await store.send(`PUT /buckets/${bucket}/props`, JSON_BODY, body);
}

/** The values of an answer with one or several siblings, tombstones as `undefined`. */
export function valuesOf(response: RiakResponse): (string | undefined)[] {
  const text = Buffer.from(response.body).toString();
  if (response.status !== 300) return [text];
  const boundary = /boundary=(\w+)/.exec(response.headers["content-type"]!)![1]!;
  return text
    .split(`\r\n--${boundary}`)
    .slice(1, -1)
    .map((part) => {
      const end = part.indexOf("\r\n\r\n");
      return part.slice(0, end).includes("X-Riak-Deleted") ? undefined : part.slice(end + 4);
    });
}
