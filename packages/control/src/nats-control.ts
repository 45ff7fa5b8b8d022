/** Questions between processes: one subject that all listen to, and an inbox for the answers to each question. */
import { createInbox, type Msg, type NatsConnection } from "@nats-io/transport-node";
import {
  type ControlAsk,
  decodeControlAsk,
  decodeControlReply,
  encodeControlAsk,
  encodeControlReply,
  subjects,
} from "@rollcall/contracts";
import type { Logger } from "@rollcall/telemetry";
import { Answering } from "./answering.ts";
import { Asking } from "./asking.ts";
import type { Control, ControlOptions } from "./control.ts";
import type { Gathering } from "./gathering.ts";

export interface NatsControlOptions extends ControlOptions {
  readonly connection: NatsConnection;
  readonly logger: Logger;
  /**
   * Ids of the other processes that are there as far as this one knows. Where one of them is silent, a question takes
   * its whole time. Default: none, for a process that only answers.
   */
  readonly expected?: (() => Iterable<string>) | undefined;
  /** How long a process that nobody expected may take to answer. Default 100 ms. */
  readonly graceMs?: number | undefined;
}

/** Somebody who sends nonsense must not fill the log. */
const MALFORMED_LOG_MS = 10_000;

/** Takes part in the questions of a cluster over NATS. */
export function createNatsControl(options: NatsControlOptions): Control {
  const { connection, logger, process, now = Date.now, expected = () => [], graceMs = 100 } = options;
  const answering = new Answering(process, now, logger);
  const asking = new Asking(process.id, now);
  let isStopped = false;
  let malformedToldAt = Number.NEGATIVE_INFINITY;
  const fault = (error: unknown): void => logger.error({ event: "control.fault", error });

  const questions = connection.subscribe(subjects.control, {
    callback: (error, message) => {
      if (error !== null) fault(error);
      else hear(message);
    },
  });

  function hear(message: Msg): void {
    const decoded = decodeControlAsk(message.string());
    if (decoded.kind === "malformed") {
      const told = performance.now();
      if (told - malformedToldAt < MALFORMED_LOG_MS) return;
      malformedToldAt = told;
      logger.warn({ event: "control.malformed", reason: decoded.reason });
      return;
    }
    // The asker has answered itself already, without NATS.
    if (decoded.value.from === process.id || !answering.concerns(decoded.value)) return;
    answering
      .reply(decoded.value)
      .then((reply) => {
        if (!isStopped && !connection.isClosed()) message.respond(encodeControlReply(reply));
      })
      .catch(fault);
  }

  function take(text: string, { kind }: ControlAsk["question"], gathering: Gathering, isOwn: boolean): void {
    const reply = decodeControlReply(text, kind);
    if (reply.kind === "decoded") gathering.add(reply.value, isOwn);
    else logger.warn({ event: "control.malformed", kind, reason: reply.reason });
  }

  /** Asks the others; without NATS nobody hears it. */
  function send(ask: ControlAsk, gathering: Gathering): () => void {
    try {
      const inbox = createInbox();
      const replies = connection.subscribe(inbox, {
        callback: (error, message) => {
          if (error !== null) fault(error);
          else take(message.string(), ask.question, gathering, false);
        },
      });
      connection.publish(subjects.control, encodeControlAsk(ask), { reply: inbox });
      return () => replies.unsubscribe();
    } catch (error) {
      logger.warn({ event: "control.not-asked", kind: ask.question.kind, error });
      return () => {};
    }
  }

  return {
    answer: (kind, handle) => answering.add(kind, handle as never),
    async ask(question, askOptions = {}) {
      const { to } = askOptions;
      const gathered = await asking.ask(
        question,
        askOptions,
        graceMs,
        (ask) => {
          const others = [...expected()].filter((id) => to === undefined || to.includes(id));
          return answering.concerns(ask) ? [process.id, ...others] : others;
        },
        (ask, gathering) => {
          const stopHearing = send(ask, gathering);
          if (answering.concerns(ask)) {
            answering
              .reply(ask)
              .then((reply) => take(encodeControlReply(reply), ask.question, gathering, true))
              .catch(fault);
          }
          return stopHearing;
        },
      );
      // Each answer has been checked by the kind of the question.
      return gathered as never;
    },
    stop() {
      if (isStopped) return;
      isStopped = true;
      asking.stop();
      if (!questions.isClosed()) questions.unsubscribe();
    },
  };
}
