import {
  answerLogLevel,
  answerStatus,
  answerTrace,
  type Control,
  createNatsControl,
  type StatusParts,
  watchThisProcess,
} from "@rollcall/control";
import type { NatsConnection } from "@rollcall/nats";
import { type Health, type Service, systemClock } from "@rollcall/runtime";
import type { Logger, Tracer } from "@rollcall/telemetry";

export interface ProcessControlOptions {
  readonly kind: "connection" | "roster" | "presence";
  readonly connection: NatsConnection;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly processId: string;
  readonly version: string;
  readonly health: Health;
  /** What the process has, for its status. */
  readonly status: StatusParts;
  /** The other processes that are there, where this one asks. */
  readonly expected?: (() => Iterable<string>) | undefined;
}

export interface ProcessControl {
  readonly control: Control;
  readonly service: Service;
}

/** What operators ask of the process, and what every process can answer. */
export function createProcessControl(options: ProcessControlOptions): ProcessControl {
  const { connection, expected, kind, logger, processId, version } = options;
  const control = createNatsControl({
    connection,
    logger,
    process: { id: processId, kind, version, startedAt: systemClock.now() },
    expected,
  });
  const self = watchThisProcess();
  answerStatus(control, options.health, { ...self.parts, ...options.status });
  answerTrace(control, options.tracer);
  answerLogLevel(control, logger);
  return {
    control,
    service: {
      name: "control",
      async start() {},
      notReady: () => [],
      async drain() {},
      async stop() {
        self.stop();
        control.stop();
      },
    },
  };
}
