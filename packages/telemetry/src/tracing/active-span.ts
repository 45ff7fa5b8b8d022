/**
 * The span of what runs right now. It holds for what runs synchronously, and for nothing after an `await`: whoever waits
 * takes it along, and comes back to it with `withSpan`. So nothing has to be hooked into every promise of the process
 * (docs/adr/0013).
 */
import type { Span } from "./span.ts";

let active: Span | undefined;

/** The span of what runs now; `undefined` for nearly everything. */
export function activeSpan(): Span | undefined {
  return active;
}

/** Runs `task` up to its first `await` as part of `span`. Without a span it is only called. */
export function withSpan<T>(span: Span | undefined, task: () => T): T {
  if (span === undefined && active === undefined) return task();
  const before = active;
  active = span;
  try {
    return task();
  } finally {
    active = before;
  }
}

/** What runs later, and belongs to what runs now all the same. */
export function carrySpan<A extends readonly unknown[], T>(task: (...args: A) => T): (...args: A) => T {
  const span = active;
  return span === undefined ? task : (...args) => withSpan(span, () => task(...args));
}

/** The code of one of our errors, or the name of any other: never its message. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return "unknown";
  const { code } = error as Error & { code?: unknown };
  return typeof code === "string" ? code : error.name;
}
