import { partitionOf } from "@rollcall/contracts";
import { activeSpan, type Span, type SpanOptions, type Tracer } from "@rollcall/telemetry";

/** `messaging.system` of the two adapters. */
export type MessagingSystem = "nats" | "rollcall";

/** A message that leaves now, as a step of what runs now. `undefined` where that is not traced. */
export function sendSpan(
  system: MessagingSystem,
  channel: string,
  keys: readonly string[],
): Span | undefined {
  return activeSpan()?.child(`send ${channel}`, {
    kind: "producer",
    attributes: { ...about(system, channel, keys), ...operation("send", "publish") },
  });
}

/** The message goes out again. @param before the span with which it went out last. */
export function resendSpan(system: MessagingSystem, parent: Span, before: Span, channel: string): Span {
  return parent.child(`send ${channel}`, {
    kind: "producer",
    link: before.traceparent,
    attributes: {
      "messaging.system": system,
      "messaging.destination.name": channel,
      ...operation("send", "resend"),
    },
  });
}

/** A question, as a step of what runs now. */
export function askSpan(system: MessagingSystem, channel: string, key: string): Span | undefined {
  return activeSpan()?.child(`ask ${channel}`, {
    kind: "client",
    attributes: { ...about(system, channel, [key]), ...operation("send", "request") },
  });
}

/** What arrives with the trace of its sender: it belongs there, and is linked to what sent it. */
export function arrivalSpan(
  tracer: Tracer,
  system: MessagingSystem,
  message: {
    readonly trace: string | undefined;
    readonly channel: string;
    readonly keys: readonly string[];
    readonly id: string | undefined;
    readonly isQuestion: boolean;
  },
): Span | undefined {
  const { trace, channel, keys, id, isQuestion } = message;
  if (trace === undefined) return undefined;
  const name = isQuestion ? `answer ${channel}` : `process ${channel}`;
  const options: SpanOptions = {
    kind: isQuestion ? "server" : "consumer",
    link: trace,
    attributes: {
      ...about(system, channel, keys),
      ...operation("process", isQuestion ? "answer" : "process"),
      "messaging.message.id": id,
    },
  };
  return tracer.resume(trace, name, options);
}

function operation(type: "send" | "process", name: string) {
  return { "messaging.operation.type": type, "messaging.operation.name": name };
}

function about(system: MessagingSystem, channel: string, keys: readonly string[]) {
  const [key] = keys;
  const partition = keys.length === 1 && key?.includes("@") ? partitionOf(key) : undefined;
  return {
    "messaging.system": system,
    "messaging.destination.name": channel,
    "messaging.destination.partition.id": partition === undefined ? undefined : String(partition),
    "messaging.batch.message_count": keys.length > 1 ? keys.length : undefined,
  };
}
