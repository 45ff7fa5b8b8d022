import type { z } from "zod";

/** One kind of question to processes: what it and its answers must look like when they come from outside. */
export interface ControlQuestion<Q, A> {
  readonly question: z.ZodType<Q>;
  readonly answer: z.ZodType<A>;
}

/** The longest time that something which an operator switched on for a while stays on. */
export const MAX_FOR_MS = 24 * 60 * 60 * 1_000;
