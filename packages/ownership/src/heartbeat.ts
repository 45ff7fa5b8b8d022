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

/** Shows that a connection node is there: beats, answers to roll-calls, and to pings. Goes on until `stop`. */
export function createHeartbeat(options: HeartbeatOptions): { stop(): void } {
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
  const timer = setInterval(beat, everyMs);
  // The connection keeps the process; a beat alone is no reason to.
  timer.unref();
  beat();
  return {
    stop: () => {
      clearInterval(timer);
      rollCalls.unsubscribe();
      pings.unsubscribe();
    },
  };
}
