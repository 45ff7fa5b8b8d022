import type { Control } from "./control.ts";

/** What traces in a process; the tracer of `telemetry` does. */
export interface TraceSwitch {
  /** @param jid bare or full. @returns whether it is traced from now on. */
  force(jid: string, forMs: number): boolean;
}

/** Lets operators trace an account, or one session of it, for a while. */
export function answerTrace(
  control: Pick<Control, "answer">,
  tracer: TraceSwitch,
  now: () => number = Date.now,
): void {
  control.answer("trace", ({ account, forMs, resource }) => {
    const isTraced = tracer.force(resource === undefined ? account : `${account}/${resource}`, forMs);
    if (forMs === 0) return {};
    if (isTraced) return { until: now() + forMs };
    throw new Error(
      "traces go nowhere, since otlp.endpoint is not set, or too many accounts are traced already",
    );
  });
}
