import type { ControlLogLevel } from "@rollcall/contracts";
import type { Control } from "./control.ts";

/** A log whose level can be changed while the process runs. */
export interface LogLevelSwitch {
  /** With `forMs`, the level before comes back then. */
  setLevel(level: ControlLogLevel, forMs?: number): void;
  /** Of the events of an area only. @throws {RangeError} for an area that there is not. */
  setAreaLevel(area: string, level: ControlLogLevel, forMs?: number): void;
}

/** Lets operators change the level of a log. One that cannot be changed, as tests have it, leaves the question unanswered. */
export function answerLogLevel(
  control: Pick<Control, "answer">,
  logger: object,
  now: () => number = Date.now,
): void {
  if (!canSetLevel(logger)) return;
  control.answer("log-level", ({ area, level, forMs }) => {
    if (area === undefined) logger.setLevel(level, forMs);
    else logger.setAreaLevel(area, level, forMs);
    return { level, ...(forMs === undefined ? {} : { until: now() + forMs }) };
  });
}

function canSetLevel(logger: object): logger is LogLevelSwitch {
  return "setLevel" in logger && typeof logger.setLevel === "function";
}
