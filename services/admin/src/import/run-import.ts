import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "@rollcall/runtime";
import type { Line } from "../ndjson/read-lines.ts";
import { type Refusal, refusalOfFault } from "../refusal.ts";

/** What one line came to: numbers to add to the counts, or why it is left out. */
export type LineOutcome<C extends string> =
  | { readonly kind: "counted"; readonly counts: Readonly<Partial<Record<C, number>>> }
  | Refusal;

/** `bad` lines need correcting, `failed` ones only another try. */
export type ImportCounts<C extends string> = Record<"lines" | "bad" | "failed" | C, number>;

/** What an import tells while it runs. The last one is `result`, or `cut-off` where lines are left unread. */
export type ImportReport<C extends string> =
  | {
      readonly kind: "bad" | "failed";
      readonly line: number;
      readonly reason: string;
      readonly message: string;
    }
  | { readonly kind: "progress" | "result"; readonly counts: ImportCounts<C> }
  | { readonly kind: "cut-off"; readonly counts: ImportCounts<C>; readonly message: string };

export interface ImportOptions<C extends string> {
  readonly lines: AsyncGenerator<Line>;
  /** Lines under way at the same time. They begin in the order of the input. */
  readonly concurrency: number;
  /** What the counts of this import are called. */
  readonly counted: readonly C[];
  /** Begins what must keep the order of the lines before its first `await`. */
  readonly handle: (value: unknown) => Promise<LineOutcome<C>>;
  /** Resolves when the reader has taken it. */
  readonly report: (report: ImportReport<C>) => Promise<void>;
  /** A line met a fault of ours; it counts as `failed`. */
  readonly onFault: (line: number, fault: unknown) => void;
  /** Begins no further line once aborted; `lines` has to end then. */
  readonly stopping: AbortSignal;
  readonly clock: Clock;
  readonly wait?: ((ms: number) => Promise<unknown>) | undefined;
}

const progressEveryMs = 1_000;
/** Milliseconds to wait before a line is tried again when a store or an owner does not answer. */
const retryAfterMs = [100, 300, 1_000, 3_000];

/**
 * Takes every line through `handle` and never stops for one: a line that is bad, or that a store or owner failed
 * for longer than the retries last, is reported by its number and left out.
 * @throws what `lines` throws, when the input breaks off, and what `report` throws.
 */
export async function runImport<C extends string>(options: ImportOptions<C>): Promise<ImportCounts<C>> {
  const { clock, lines, report, stopping } = options;
  const counts = Object.fromEntries(
    ["lines", ...options.counted, "bad", "failed"].map((name) => [name, 0]),
  ) as ImportCounts<C>;
  let reportedAt = clock.now();

  const worker = async (): Promise<void> => {
    while (!stopping.aborted) {
      const { value: line, done } = await lines.next();
      // The last piece of an input that was let go of in the middle of a line is none.
      if (done === true || stopping.aborted) return;
      const outcome: LineOutcome<C> = await handleLine(line, options);
      counts.lines++;
      if (outcome.kind === "refused") {
        const kind = outcome.reason === "unavailable" || outcome.reason === "fault" ? "failed" : "bad";
        counts[kind]++;
        await report({ kind, line: line.number, reason: outcome.reason, message: outcome.message });
      } else {
        for (const name of options.counted) counts[name] += outcome.counts[name] ?? 0;
      }
      if (clock.now() - reportedAt < progressEveryMs) continue;
      reportedAt = clock.now();
      await report({ kind: "progress", counts });
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: options.concurrency }, worker));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  if (stopping.aborted) {
    await report({ kind: "cut-off", counts, message: "the server is stopping; run the import again" });
  } else {
    await report({ kind: "result", counts });
  }
  return counts;
}

async function handleLine<C extends string>(line: Line, options: ImportOptions<C>): Promise<LineOutcome<C>> {
  if (line.kind === "too-long") return bad("line-too-long", "the line is too long");
  if (line.kind === "not-utf-8") return bad("bad-json", "the line is not UTF-8");
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch {
    // What V8 says repeats a piece of the line, which may be a password.
    return bad("bad-json", "the line is not JSON");
  }
  const wait = options.wait ?? delay;
  for (let attempt = 0; ; attempt++) {
    try {
      return await options.handle(value);
    } catch (fault) {
      const refusal = refusalOfFault(fault);
      if (refusal === undefined) {
        options.onFault(line.number, fault);
        return bad("fault", "the line met a fault; the log of the server says which");
      }
      const afterMs = retryAfterMs[attempt];
      if (afterMs === undefined || options.stopping.aborted) return refusal;
      await wait(afterMs);
    }
  }
}

function bad(reason: Refusal["reason"], message: string): Refusal {
  return { kind: "refused", reason, message };
}
