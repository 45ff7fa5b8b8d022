import type { Route } from "./lane.ts";
import type { Cargo } from "./link.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Question } from "./question.ts";
import type { Receiver } from "./receiver.ts";

/** To this process itself: no frame, no loss, and the payload as it is. */
export class LocalRoute implements Route {
  readonly peer: string;
  readonly bouncedSince = undefined;
  readonly heardAt = Number.POSITIVE_INFINITY;
  readonly #receiver: Receiver;
  readonly #blocked = new Set<string>();

  constructor(processId: string, receiver: Receiver) {
    this.peer = processId;
    this.#receiver = receiver;
  }

  /** Nothing gets lost here. */
  probe(): void {}

  send(cargo: Cargo): void {
    const { id, channel, payload, acting } = messageOf(cargo);
    this.#receiver.accept(
      {
        from: this.peer,
        id,
        channel,
        keys: cargo.keys(),
        payload,
        acting,
        fresh: cargo.fresh,
        trace: cargo.trace,
        malformed: undefined,
      },
      this.#blocked,
      (ack) => {
        if (cargo.keys().length > 0) cargo.acked({ ...ack, seq: 0 });
      },
    );
  }
}

interface LocalCargo {
  readonly outgoing?: Outgoing;
  readonly question?: Question;
}

function messageOf(cargo: Cargo): Pick<Outgoing, "id" | "channel" | "payload" | "acting"> {
  const { outgoing, question } = cargo as LocalCargo;
  if (outgoing !== undefined) return outgoing;
  if (question === undefined) throw new TypeError("neither a message nor a question");
  const { id, channel, payload } = question;
  return { id, channel, payload, acting: undefined };
}
