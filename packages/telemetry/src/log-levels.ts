import { events } from "./names.ts";

/** The least important lines that are logged; `silent` logs none. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export type Severity = Exclude<LogLevel, "silent">;

const ranks: Readonly<Record<LogLevel, number>> = { debug: 20, info: 30, warn: 40, error: 50, silent: 100 };

/** What timers of Node can count. */
const LONGEST_MS = 2 ** 31 - 1;

/** The parts of the log that can have a level of their own: what stands before the dot in the names of events. */
export const logAreas: ReadonlySet<string> = new Set(Object.keys(events).map(areaOf));

/** The level of the whole log, or of an area. */
interface Entry {
  now: LogLevel;
  /** What comes back when a time is over; `undefined`: no level of its own. */
  lasting: LogLevel | undefined;
  timer: NodeJS.Timeout | undefined;
}

/** Called after every change; `level` is `undefined` where an area has no level of its own any more. */
export type OnLevelChange = (
  area: string | undefined,
  level: LogLevel | undefined,
  forMs: number | undefined,
) => void;

/** The levels of a process, shared by its logger and everything bound from it. Changeable while it runs. */
export class LogLevels {
  readonly #whole: Entry;
  readonly #areas = new Map<string, Entry>();
  readonly #onChange: OnLevelChange;
  /** The lowest rank that some area may log at: most lines that are not logged are turned away by it alone. */
  #least: number;

  constructor(level: LogLevel, onChange: OnLevelChange) {
    this.#whole = { now: level, lasting: level, timer: undefined };
    this.#least = ranks[level];
    this.#onChange = onChange;
  }

  get level(): LogLevel {
    return this.#whole.now;
  }

  isLogged(severity: Severity, event: string): boolean {
    const rank = ranks[severity];
    if (rank < this.#least) return false;
    if (this.#areas.size === 0) return true;
    return rank >= ranks[this.#areas.get(areaOf(event))?.now ?? this.#whole.now];
  }

  /**
   * Changes the level of everything that has none of its own. With `forMs`, the last level that was set without a time
   * comes back then.
   * @throws {RangeError} for a time that is no whole number of milliseconds from 1 to about 24 days.
   */
  set(level: LogLevel, forMs?: number): void {
    checkTime(forMs);
    this.#change(undefined, this.#whole, level, forMs);
  }

  /**
   * Gives an area a level of its own, or takes it back with `undefined`.
   * @throws {RangeError} for an area that has no events, and a time as in `set`.
   */
  setArea(area: string, level: LogLevel | undefined, forMs?: number): void {
    if (!logAreas.has(area))
      throw new RangeError(`no events of ${area}; areas are ${[...logAreas].join(", ")}`);
    checkTime(forMs);
    const entry = this.#areas.get(area);
    if (level !== undefined) {
      const changed = entry ?? { now: level, lasting: undefined, timer: undefined };
      this.#areas.set(area, changed);
      this.#change(area, changed, level, forMs);
    } else if (entry !== undefined) {
      clearTimeout(entry.timer);
      this.#restore(area, { ...entry, lasting: undefined });
    }
  }

  #change(area: string | undefined, entry: Entry, level: LogLevel, forMs: number | undefined): void {
    clearTimeout(entry.timer);
    entry.timer = undefined;
    entry.now = level;
    if (forMs === undefined) {
      entry.lasting = level;
    } else {
      entry.timer = setTimeout(() => this.#restore(area, entry), forMs);
      entry.timer.unref();
    }
    this.#changed(area, level, forMs);
  }

  #restore(area: string | undefined, entry: Entry): void {
    entry.timer = undefined;
    if (entry.lasting !== undefined) entry.now = entry.lasting;
    else if (area !== undefined) this.#areas.delete(area);
    this.#changed(area, entry.lasting, undefined);
  }

  #changed(area: string | undefined, level: LogLevel | undefined, forMs: number | undefined): void {
    this.#least = ranks[this.#whole.now];
    for (const { now } of this.#areas.values()) this.#least = Math.min(this.#least, ranks[now]);
    this.#onChange(area, level, forMs);
  }
}

function checkTime(forMs: number | undefined): void {
  if (forMs === undefined || (Number.isInteger(forMs) && forMs >= 1 && forMs <= LONGEST_MS)) return;
  throw new RangeError(`a level can be set for 1 to ${LONGEST_MS} ms, not for ${forMs}`);
}

function areaOf(event: string): string {
  return event.slice(0, event.indexOf("."));
}
