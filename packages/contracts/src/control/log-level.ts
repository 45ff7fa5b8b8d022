import { z } from "zod";
import { type ControlQuestion, MAX_FOR_MS } from "./control-question.ts";

const level = z.enum(["debug", "info", "warn", "error", "silent"]);

export type ControlLogLevel = z.infer<typeof level>;

/** Changes the least important lines that are logged. */
export interface LogLevelQuestion {
  readonly kind: "log-level";
  readonly level: ControlLogLevel;
  /** Only of these events: the part of their names before the dot. It wins over the level of everything. */
  readonly area?: string | undefined;
  /** In milliseconds, then back as before; `undefined` is until the process ends. */
  readonly forMs?: number | undefined;
}

export interface LogLevelAnswer {
  readonly level: ControlLogLevel;
  /** Milliseconds since the epoch, by the clock of the process. */
  readonly until?: number | undefined;
}

export const logLevel: ControlQuestion<LogLevelQuestion, LogLevelAnswer> = {
  question: z.object({
    kind: z.literal("log-level"),
    level,
    area: z.string().min(1).max(64).optional(),
    forMs: z.number().int().min(1).max(MAX_FOR_MS).optional(),
  }),
  answer: z.object({ level, until: z.number().optional() }),
};
