import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "@rollcall/telemetry";
import { Health } from "./health.ts";
import type { Service } from "./service.ts";
import { SettingFault } from "./setting-fault.ts";

/** The part of `process` that a run listens to and ends. */
export interface ProcessHost {
  on(event: string, listener: (argument: unknown) => void): unknown;
  off(event: string, listener: (argument: unknown) => void): unknown;
  /** Ends at once; called for a second signal only. */
  exit(code: number): void;
}

export interface RunOptions {
  /**
   * In the order of the start: what others need comes first. Drained and stopped in reverse. Each is asked for when
   * the one before has started, so that a generator can build it from what that one is by then.
   */
  readonly services: Iterable<Service> | AsyncIterable<Service>;
  readonly logger: Logger;
  /** How long the process is not ready and serves as before, between the signal and the drain. Default 0. */
  readonly unreadyMs?: number | undefined;
  /** What all drains together may take. */
  readonly drainBudgetMs?: number | undefined;
  /** What one `stop` may take before it is left behind. */
  readonly stopLimitMs?: number | undefined;
  /** Shared with the HTTP server, so that probes see the phases of this run. */
  readonly health?: Health | undefined;
  readonly host?: ProcessHost | undefined;
  /** Called when every service has started. */
  readonly onStarted?: (() => void) | undefined;
  /** Called with the service that did not start, and why. It is in the log, too. */
  readonly onStartFailed?: ((service: string, error: Error) => void) | undefined;
  /** Ends the run like SIGTERM. */
  readonly until?: AbortSignal | undefined;
}

const signalNumbers = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Runs the services of a process until a signal or a fault ends it:
 *
 *   start in order ─▶ running ─▶ leaving ─▶ drain in reverse, all within the budget ─▶ stop in reverse
 *
 * SIGINT and SIGTERM end it in good order, a second signal at once. SIGUSR2 is the notice that one of them will come: the
 * process is leaving from then on, and the time counts for `unreadyMs`. An exception that nobody caught, and a start that
 * fails, are logged and end it in the same order, without leaving first, with code 1 (2 for a `SettingFault`). A drain or
 * stop that fails or takes too long is logged and left behind.
 *
 * @returns the exit code, when everything has stopped. 0 after a signal.
 */
export async function runServices(options: RunOptions): Promise<number> {
  const { services, logger, host = process, health = new Health() } = options;
  const ending = new AbortController();
  const hurry = new AbortController();
  let exitCode = 0;
  let leavingSince: number | undefined;
  /** @returns how long it has been leaving. Milliseconds. */
  const leave = (): number => {
    leavingSince ??= performance.now();
    health.leave();
    return performance.now() - leavingSince;
  };
  const onNotice = (): void => {
    if (leavingSince === undefined) logger.info({ event: "process.leaving" });
    leave();
  };
  const onSignal = (signal: keyof typeof signalNumbers): void => {
    if (ending.signal.aborted) {
      logger.warn({ event: "process.killed", signal });
      host.exit(128 + signalNumbers[signal]);
      return;
    }
    logger.info({ event: "process.stopping", signal });
    ending.abort();
  };
  const onFault = (error: unknown): void => {
    exitCode = 1;
    health.failed("an exception was not caught");
    logger.error({ event: "process.fault", error: asError(error) });
    ending.abort();
    hurry.abort();
  };
  const onInterrupt = () => onSignal("SIGINT");
  const onTerminate = () => onSignal("SIGTERM");
  const onAbort = () => {
    logger.info({ event: "process.stopping" });
    ending.abort();
  };
  host.on("SIGINT", onInterrupt);
  host.on("SIGTERM", onTerminate);
  host.on("SIGUSR2", onNotice);
  host.on("uncaughtException", onFault);
  host.on("unhandledRejection", onFault);
  if (options.until?.aborted) onAbort();
  options.until?.addEventListener("abort", onAbort, { once: true });

  const begun: Service[] = [];
  health.watch(begun);
  health.enter("starting");
  try {
    for await (const service of services) {
      if (ending.signal.aborted) break;
      health.serviceStarting(service.name);
      begun.push(service);
      await service.start(ending.signal);
      logger.debug({ event: "service.started", service: service.name });
    }
    health.serviceStarting(undefined);
  } catch (error) {
    const gaveUp = ending.signal.aborted && error === ending.signal.reason;
    if (!gaveUp) {
      exitCode = error instanceof SettingFault ? 2 : 1;
      const service = begun.at(-1)?.name ?? "";
      logger.error({ event: "service.start-failed", service, error: asError(error) });
      options.onStartFailed?.(service, asError(error));
      ending.abort();
    }
  }

  if (!ending.signal.aborted) {
    health.enter("running");
    logger.info({ event: "process.started", services: begun.map(({ name }) => name) });
    options.onStarted?.();
    if (!ending.signal.aborted) await once(ending.signal, "abort");
    const leftMs = (options.unreadyMs ?? 0) - leave();
    if (leftMs > 0 && !hurry.signal.aborted) {
      // It rejects when it is cut short, which is as good.
      await pause(leftMs, undefined, { signal: hurry.signal }).catch(() => {});
    }
  }

  health.enter("draining");
  await drain(begun, options.drainBudgetMs ?? 10_000, logger);
  await stop(begun, options.stopLimitMs ?? 5_000, logger);
  health.enter("stopped");
  logger.info({ event: "process.stopped", code: exitCode });

  options.until?.removeEventListener("abort", onAbort);
  host.off("SIGINT", onInterrupt);
  host.off("SIGTERM", onTerminate);
  host.off("SIGUSR2", onNotice);
  host.off("uncaughtException", onFault);
  host.off("unhandledRejection", onFault);
  return exitCode;
}

async function drain(services: readonly Service[], budgetMs: number, logger: Logger): Promise<void> {
  const deadline = performance.now() + budgetMs;
  for (const service of services.toReversed()) {
    const leftMs = Math.max(0, Math.ceil(deadline - performance.now()));
    // Each is told to stop taking work, even where an earlier one has used up the budget.
    await attempt("drain", service, () => service.drain(leftMs), leftMs, logger);
  }
}

async function stop(services: readonly Service[], limitMs: number, logger: Logger): Promise<void> {
  for (const service of services.toReversed()) {
    await attempt("stop", service, () => service.stop(), limitMs, logger);
  }
}

async function attempt(
  step: "drain" | "stop",
  service: Service,
  run: () => Promise<void>,
  limitMs: number,
  logger: Logger,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<"overdue">((resolve) => {
    timer = setTimeout(() => resolve("overdue"), limitMs);
  });
  try {
    const outcome = await Promise.race([run().then(() => "finished" as const), overdue]);
    if (outcome === "overdue")
      logger.warn({ event: `service.${step}-overdue`, service: service.name, limitMs });
  } catch (error) {
    logger.error({ event: `service.${step}-failed`, service: service.name, error: asError(error) });
  } finally {
    clearTimeout(timer);
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`thrown: ${String(thrown)}`);
}
