import type { ProcessStatus } from "@rollcall/contracts";
import type { Control } from "./control.ts";

/** What a process as a whole says of itself; `Health` of the runtime does. */
export interface HealthSource {
  readonly phase: ProcessStatus["phase"];
  notReady(): readonly ProcessStatus["notReady"][number][];
}

type Common = "phase" | "notReady" | "faults";

/** How each part of a process is asked when its status is; `undefined` says that there is nothing to tell. */
export type StatusParts = {
  readonly [P in Exclude<keyof ProcessStatus, Common>]?: () =>
    | ProcessStatus[P]
    | undefined
    | Promise<ProcessStatus[P] | undefined>;
};

/** What one part may take: a store that does not answer must not hide the rest. */
const PART_LIMIT_MS = 1_000;

/** Answers how the process is. A part that fails, or takes too long, is among the faults. */
export function answerStatus(
  control: Pick<Control, "answer">,
  health: HealthSource,
  parts: StatusParts,
): void {
  control.answer("status", async () => {
    const faults: { part: string; message: string }[] = [];
    const told: Record<string, unknown> = {};
    await Promise.all(
      Object.entries(parts).map(async ([part, ask]) => {
        try {
          const value = await withinLimit(ask);
          if (value !== undefined) told[part] = value;
        } catch (error) {
          faults.push({ part, message: error instanceof Error ? error.message : String(error) });
        }
      }),
    );
    return { phase: health.phase, notReady: [...health.notReady()], faults, ...told };
  });
}

async function withinLimit(ask: () => unknown): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`did not answer within ${PART_LIMIT_MS / 1_000} s`)),
      PART_LIMIT_MS,
    );
  });
  try {
    return await Promise.race([ask(), overdue]);
  } finally {
    clearTimeout(timer);
  }
}
