import { setTimeout as pause } from "node:timers/promises";
import { accountBucketProperties, DEFAULT_ACCOUNT_BUCKET } from "@rollcall/accounts";
import { DEFAULT_OFFLINE_BUCKET, offlineBucketProperties } from "@rollcall/presence";
import {
  type BucketProperties,
  createHttpTransport,
  createRiakClient,
  type RiakClient,
  RiakError,
} from "@rollcall/riak-client";
import { rosterBucketProperties } from "@rollcall/roster";
import { silentLogger } from "@rollcall/telemetry";
import { hostUrls, type RiakSettings } from "./riak-settings.ts";

/** Every bucket that something is kept in, and the properties that it must have. */
export function bucketsOf(settings: {
  readonly "roster.bucket": string;
}): Readonly<Record<string, BucketProperties>> {
  return {
    [settings["roster.bucket"]]: rosterBucketProperties,
    [DEFAULT_ACCOUNT_BUCKET]: accountBucketProperties,
    [DEFAULT_OFFLINE_BUCKET]: offlineBucketProperties,
  };
}

export interface ApplyBucketsOptions {
  readonly settings: RiakSettings & { readonly "roster.bucket": string };
  /** How long a Riak that does not answer, or is starting, is asked again. Milliseconds. */
  readonly waitMs: number;
  /** Called before each wait, with what is waited for. */
  readonly onWait?: ((reason: string) => void) | undefined;
}

/** A bucket whose properties are as they must be. */
export interface AppliedBucket {
  readonly bucket: string;
  readonly properties: BucketProperties;
  /** What was wrong with it before, a sentence each; empty where nothing had to be written. */
  readonly corrected: readonly string[];
}

/**
 * - `unreachable`: no Riak answered in time
 * - `refused`: Riak does not take the properties, or does not keep them
 */
export type BucketsErrorCode = "unreachable" | "refused";

/** Why properties could not be applied. */
export class BucketsError extends Error {
  override readonly name = "BucketsError";
  readonly code: BucketsErrorCode;

  constructor(code: BucketsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Between two tries. */
const RETRY_MS = 500;

/**
 * Brings the properties of one bucket after the other to what they must be, and looks whether Riak has kept them. Where
 * nothing differs nothing is written: it may run as often as anybody likes, beside processes that do the same at their
 * start. After an error those that came before are done. @throws {BucketsError}
 */
export async function* applyBuckets(options: ApplyBucketsOptions): AsyncGenerator<AppliedBucket> {
  const { settings, waitMs, onWait } = options;
  const transport = createHttpTransport({
    hosts: hostUrls(settings),
    connections: settings["riak.connections"],
    // Results and errors say all that there is to say.
    logger: silentLogger,
  });
  const client = createRiakClient({ transport, logger: silentLogger });
  const deadline = performance.now() + waitMs;
  // The client's own timers keep no process alive, and there may be nothing else here.
  const awake = setInterval(() => {}, 60_000);
  try {
    for (const [bucket, properties] of Object.entries(bucketsOf(settings))) {
      const until = async (): Promise<readonly string[]> => {
        for (;;) {
          try {
            return await applyTo(client, bucket, properties);
          } catch (error) {
            if (!(error instanceof RiakError)) throw error;
            if (!error.retryable) throw new BucketsError("refused", error.message, { cause: error });
            if (performance.now() + RETRY_MS > deadline) {
              throw new BucketsError("unreachable", error.message, { cause: error });
            }
            onWait?.(error.message);
          }
          await pause(RETRY_MS);
        }
      };
      yield { bucket, properties, corrected: await until() };
    }
  } finally {
    clearInterval(awake);
    await client.close();
  }
}

/** @returns what was wrong. */
async function applyTo(
  client: RiakClient,
  bucket: string,
  properties: BucketProperties,
): Promise<readonly string[]> {
  const wrong = await client.checkBucketProperties(bucket, properties);
  if (wrong.length === 0) return wrong;
  await client.applyBucketProperties(bucket, properties);
  const still = await client.checkBucketProperties(bucket, properties);
  if (still.length > 0) throw new BucketsError("refused", `Riak has not kept them: ${still.join("; ")}`);
  return wrong;
}
