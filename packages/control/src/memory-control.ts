/** Questions inside one process: the all-in-one server, and several participants in tests. */
import { type ControlAsk, decodeControlReply, encodeControlReply } from "@rollcall/contracts";
import type { Logger } from "@rollcall/telemetry";
import { Answering } from "./answering.ts";
import { Asking } from "./asking.ts";
import type { Control, ControlOptions } from "./control.ts";
import type { Gathering } from "./gathering.ts";

/** Where the participants of one process meet. */
export interface ControlHub {
  /** @throws {Error} when a process of that id takes part already. */
  join(options: ControlOptions): Control;
}

/** Questions and answers go through their wire form: what works here works between processes. */
export function createControlHub(logger: Logger): ControlHub {
  const participants = new Map<string, Answering>();

  async function hear(
    id: string,
    answering: Answering,
    ask: ControlAsk,
    gathering: Gathering,
  ): Promise<void> {
    const { kind } = ask.question;
    const reply = decodeControlReply(encodeControlReply(await answering.reply(ask)), kind);
    if (reply.kind === "decoded") gathering.add(reply.value, id === ask.from);
    else logger.warn({ event: "control.malformed", kind, reason: reply.reason });
  }

  return {
    join({ process, now = Date.now }) {
      if (participants.has(process.id)) throw new Error(`${process.id} takes part already`);
      const answering = new Answering(process, now, logger);
      participants.set(process.id, answering);
      const asking = new Asking(process.id, now);
      const concerned = (ask: ControlAsk): [string, Answering][] =>
        [...participants].filter(([, each]) => each.concerns(ask));
      return {
        answer: (kind, handle) => answering.add(kind, handle as never),
        async ask(question, options = {}) {
          const gathered = await asking.ask(
            question,
            options,
            0,
            (ask) => concerned(ask).map(([id]) => id),
            (ask, gathering) => {
              const asked = concerned(ask);
              if (asked.length === 0) gathering.end();
              for (const [id, each] of asked) {
                hear(id, each, ask, gathering).catch((error: unknown) => {
                  logger.error({ event: "control.fault", error });
                });
              }
              return () => {};
            },
          );
          // Each answer has been checked by the kind of the question.
          return gathered as never;
        },
        stop() {
          asking.stop();
          participants.delete(process.id);
        },
      };
    },
  };
}
