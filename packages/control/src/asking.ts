import { CONTROL_VERSION, type ControlAsk, decodeControlAsk, encodeControlAsk } from "@rollcall/contracts";
import { type AskOptions, ControlError, type Gathered } from "./control.ts";
import { Gathering } from "./gathering.ts";

/** How long answers are waited for, unless the asker says otherwise. */
const TIMEOUT_MS = 2_000;
/** Questions that one process asks at the same time. */
const LIMIT = 16;

/** How an adapter puts a question to the processes that `ask` concerns. Returns how to end that. */
export type Send = (ask: ControlAsk, gathering: Gathering) => () => void;

/** The questions of a process, within bounds; the same for every adapter. */
export class Asking {
  readonly #processId: string;
  readonly #now: () => number;
  readonly #underWay = new Set<Gathering>();
  #isStopped = false;

  constructor(processId: string, now: () => number) {
    this.#processId = processId;
    this.#now = now;
  }

  /**
   * @param expected ids of those who should answer this question.
   * @throws {ControlError} and {TypeError} when the question is none.
   */
  async ask(
    question: ControlAsk["question"],
    { to, timeoutMs = TIMEOUT_MS }: AskOptions,
    graceMs: number,
    expected: (ask: ControlAsk) => Iterable<string>,
    send: Send,
  ): Promise<Gathered<unknown>> {
    if (this.#isStopped) throw new ControlError("closed", "this process has stopped asking");
    if (this.#underWay.size >= LIMIT) {
      throw new ControlError("busy", `${LIMIT} questions are under way; ask again`);
    }
    const recipients = to === undefined ? {} : { to: [...to] };
    const checked = decodeControlAsk(
      encodeControlAsk({ v: CONTROL_VERSION, from: this.#processId, ...recipients, question }),
    );
    if (checked.kind === "malformed") throw new TypeError(`the question cannot be asked: ${checked.reason}`);
    const ask = checked.value;
    const gathering = new Gathering({ expected: () => expected(ask), timeoutMs, graceMs, now: this.#now });
    this.#underWay.add(gathering);
    const stopSending = send(ask, gathering);
    try {
      await gathering.finished;
    } finally {
      stopSending();
      this.#underWay.delete(gathering);
    }
    return gathering.result();
  }

  stop(): void {
    this.#isStopped = true;
    for (const gathering of this.#underWay) gathering.end();
  }
}
