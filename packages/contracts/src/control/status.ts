import { z } from "zod";
import type { ControlQuestion } from "./control-question.ts";

/** How is the process? */
export interface StatusQuestion {
  readonly kind: "status";
}

const count = z.number().int().nonnegative();
const ownerService = z.enum(["roster-owner", "presence-owner"]);

/** Everything but the first three is there where the process has such a thing, and could be had in time. */
const status = z.object({
  phase: z.enum(["starting", "running", "draining", "stopped"]),
  /** Why it takes no work; empty when it does. */
  notReady: z.array(z.object({ service: z.string(), reason: z.string() })),
  /** Parts that could not be asked, with what went wrong. */
  faults: z.array(z.object({ part: z.string(), message: z.string() })),
  /** How late timers were since the status was last asked for. */
  eventLoop: z.object({ p99Ms: z.number(), maxMs: z.number() }).optional(),
  /** `limit` is the soft limit of open files. */
  files: z.object({ open: count, limit: count }).optional(),
  /** With a bound resource at a connection node; of the accounts of a presence owner. */
  sessions: count.optional(),
  /** What the process serves now. */
  serves: z.array(z.object({ service: ownerService, partitions: z.array(count) })).optional(),
  /** Who owns what, as this process has it from the leases. */
  owners: z
    .array(
      z.object({
        service: ownerService,
        /** Partitions by instance. */
        instances: z.record(z.string(), count),
        /** Partitions that nobody owns. */
        without: z.array(count),
      }),
    )
    .optional(),
  /** Messages to others that nobody has acknowledged yet. */
  bus: z.object({ waiting: count, oldestMs: z.number().nonnegative().optional() }).optional(),
  /** What clients are shown. Times are milliseconds since the epoch. */
  certificate: z
    .object({
      subject: z.string(),
      names: z.array(z.string()),
      /** Domains of the settings that it is not for. */
      missing: z.array(z.string()),
      notBefore: z.number(),
      notAfter: z.number(),
      selfSigned: z.boolean(),
    })
    .optional(),
  riak: z
    .object({
      hosts: z.array(z.object({ host: z.string(), state: z.enum(["closed", "half-open", "open"]) })),
      /** Buckets that were looked at, and what of their properties is not as it must be, a sentence each. */
      buckets: z.array(z.string()),
      problems: z.array(z.string()),
      /** Why the buckets could not be looked at. */
      fault: z.string().optional(),
    })
    .optional(),
  nats: z
    .object({
      connected: z.boolean(),
      server: z.string().optional(),
      version: z.string().optional(),
      /** JetStream buckets, with the servers that have them now and those that should. */
      buckets: z
        .array(z.object({ bucket: z.string(), replicas: count, current: count, wanted: count }))
        .optional(),
    })
    .optional(),
});

export type ProcessStatus = z.infer<typeof status>;

export const statusQuestion: ControlQuestion<StatusQuestion, ProcessStatus> = {
  question: z.object({ kind: z.literal("status") }),
  answer: status,
};
