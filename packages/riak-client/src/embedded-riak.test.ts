import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EmbeddedRiak, openEmbeddedRiak } from "@rollcall/riak-embedded";
import { silentLogger } from "@rollcall/telemetry";
import { bucketContract } from "./bucket.contract.ts";
import { createDirectTransport } from "./direct-transport.ts";
import { createHttpTransport } from "./http-transport.ts";

interface OpenStore {
  readonly store: EmbeddedRiak;
  close(): Promise<void>;
}

async function openStore(): Promise<OpenStore> {
  const dir = await mkdtemp(join(tmpdir(), "rollcall-riak-client-"));
  const store = await openEmbeddedRiak({ dir, logger: silentLogger });
  return {
    store,
    async close() {
      await store.close();
      await rm(dir, { recursive: true });
    },
  };
}

bucketContract("the embedded store, called directly,", async () => {
  const { store, close } = await openStore();
  return { transport: createDirectTransport((request) => store.handle(request)), close };
});

bucketContract("the embedded store over HTTP", async () => {
  const { store, close } = await openStore();
  const { host, port } = await store.listen({ host: "127.0.0.1", port: 0 });
  return {
    transport: createHttpTransport({ hosts: [`http://${host}:${port}`], logger: silentLogger }),
    close,
  };
});
