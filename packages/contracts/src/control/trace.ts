import type { BareJid } from "@rollcall/xmpp";
import { z } from "zod";
import { type ControlQuestion, MAX_FOR_MS } from "./control-question.ts";

/** Traces everything of one account, or of one of its sessions, for a while, whatever the sampling says. */
export interface TraceQuestion {
  readonly kind: "trace";
  readonly account: BareJid;
  /** Only the session with this resource. */
  readonly resource?: string | undefined;
  /** From now on, in milliseconds; 0 ends it. */
  readonly forMs: number;
}

export interface TraceAnswer {
  /** Milliseconds since the epoch, by the clock of the process; `undefined` when it has ended. */
  readonly until?: number | undefined;
  /** Sessions of the account at this process that it concerns now, where the process has sessions. */
  readonly sessions?: number | undefined;
}

export const trace: ControlQuestion<TraceQuestion, TraceAnswer> = {
  question: z.object({
    kind: z.literal("trace"),
    account: z.string().min(1).max(2_047) as unknown as z.ZodType<BareJid>,
    resource: z.string().min(1).max(1_023).optional(),
    forMs: z.number().int().min(0).max(MAX_FOR_MS),
  }),
  answer: z.object({
    until: z.number().optional(),
    sessions: z.number().int().nonnegative().optional(),
  }),
};
