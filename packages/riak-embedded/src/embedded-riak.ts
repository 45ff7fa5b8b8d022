import type { Logger } from "@rollcall/telemetry";
import type { Backend } from "./backend.ts";
import { answerRequest } from "./handle-request.ts";
import { createRiakServer, type RiakServer } from "./http-server.ts";
import { ObjectStore } from "./object-store.ts";
import { PropertyStore } from "./property-store.ts";
import type { Answer, RiakRequest, RiakResponse } from "./riak-message.ts";
import { newCounters } from "./stats-resource.ts";

export interface EmbeddedRiakOptions {
  /** Where the data is; made if it is missing. */
  readonly dir: string;
  readonly logger: Logger;
  /** Milliseconds since the epoch; the system's clock if absent. */
  readonly clock?: { now(): number };
  /** Bucket types that exist beside `default`. Their buckets have `allow_mult` and `dvv_enabled` on. None if absent. */
  readonly bucketTypes?: readonly string[];
  /** The largest object, in bytes: 50 MiB if absent, as in Riak. */
  readonly maxObjectBytes?: number;
  /** Writes that may wait for the disk: 10,000 if absent. More are answered 503. */
  readonly queuedWrites?: number;
  /** Bytes of the writes that may wait for the disk: 256 MiB if absent. More are answered 503. */
  readonly queuedBytes?: number;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

/** A single-machine stand-in for Riak: the same HTTP API in part, on LMDB. */
export interface EmbeddedRiak {
  /**
   * Answers a request without a socket, exactly as it would be answered over one, except for `Date` and `Server`.
   * A write is answered after it was synced to the disk. Never rejects: faults are 500 and 503 answers.
   * The request's body must not change before the answer.
   */
  handle(request: RiakRequest): Promise<RiakResponse>;
  /** Serves the same over HTTP. @returns the address that was bound. @throws if it cannot be bound. */
  listen(options: ListenOptions): Promise<ListenOptions>;
  /** Stops listening, finishes what has begun and closes the files. Afterwards `handle` answers 503. */
  close(): Promise<void>;
}

const MIB = 1024 * 1024;
const SWEEP_EVERY_MS = 1000;

/** @throws {EmbeddedRiakError} `in-use` while another process has the directory open, `bad-store` if it cannot be read. */
export async function openEmbeddedRiak(options: EmbeddedRiakOptions): Promise<EmbeddedRiak> {
  const { dir, logger, clock = { now: Date.now }, bucketTypes = [] } = options;
  const store = new ObjectStore({
    dir,
    logger,
    now: () => clock.now(),
    limits: {
      queuedWrites: options.queuedWrites ?? 10_000,
      queuedBytes: options.queuedBytes ?? 256 * MIB,
    },
  });
  const backend: Backend = {
    store,
    properties: new PropertyStore(store, bucketTypes),
    counters: newCounters(),
    maxObjectBytes: options.maxObjectBytes ?? 50 * MIB,
  };
  const answer = (request: RiakRequest): Promise<Answer> => answerRequest(backend, request, logger);
  const servers: RiakServer[] = [];
  const sweeper = setInterval(() => {
    store.sweep().catch((error: unknown) => {
      logger.warn({ event: "riak-embedded.sweep-failed", error });
    });
  }, SWEEP_EVERY_MS);
  sweeper.unref();

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    clearInterval(sweeper);
    await Promise.all(servers.map((server) => server.close()));
    await store.close();
  };
  return {
    async handle(request) {
      const response = await answer(request);
      return response.pages === undefined ? response : collectPages(response);
    },
    async listen(address) {
      const server = createRiakServer(answer, { maxBodyBytes: backend.maxObjectBytes, logger });
      const bound = await server.listen(address);
      servers.push(server);
      return bound;
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function collectPages({ status, headers, pages }: Answer): RiakResponse {
  return { status, headers, body: Buffer.from([...(pages ?? [])].join("")) };
}
