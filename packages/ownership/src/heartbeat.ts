import type { NatsConnection } from "@nats-io/transport-node";
import { subjects } from "@rollcall/contracts";
import type { Logger } from "@rollcall/telemetry";

export interface HeartbeatOptions {
  readonly connection: NatsConnection;
  readonly nodeId: string;
  readonly logger: Logger;
  /** Default 1,000 ms. */
  readonly everyMs?: number | undefined;
}

export interface Heartbeat {
  /** When a beat last came back from NATS, or the first was sent, in milliseconds of `performance.now()`: others heard it as well. */
  readonly heardAt: number;
  stop(): void;
}

/** Shows that a connection node is there: beats, answers to roll-calls, and to pings. Goes on until `stop`. */
export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { connection, nodeId, logger, everyMs = 1_000 } = options;
  const fault = (error: Error): void => {
    logger.error({ event: "nodes.fault", node: nodeId, error });
  };
  const beat = (): void => {
    if (!connection.isClosed()) connection.publish(subjects.heartbeat(nodeId));
  };
  const rollCalls = connection.subscribe(subjects.rollCall, {
    callback: (error) => {
      if (error === null) beat();
      else fault(error);
    },
  });
  const pings = connection.subscribe(subjects.instance(nodeId), {
    callback: (error, message) => {
      if (error === null) message.respond();
      else fault(error);
    },
  });
  let heardAt = performance.now();
  const echoes = connection.subscribe(subjects.heartbeat(nodeId), {
    callback: (error) => {
      if (error === null) heardAt = performance.now();
      else fault(error);
    },
  });
  const timer = setInterval(beat, everyMs);
  // The connection keeps the process; a beat alone is no reason to.
  timer.unref();
  beat();
  return {
    get heardAt() {
      return heardAt;
    },
    stop: () => {
      clearInterval(timer);
      echoes.unsubscribe();
      rollCalls.unsubscribe();
      pings.unsubscribe();
    },
  };
}
