import type { ControlReply } from "@rollcall/contracts";
import type { Gathered, ProcessAnswer } from "./control.ts";

/** Processes whose answers are kept. */
const ANSWER_LIMIT = 1_000;

export interface GatheringOptions {
  /** Who should answer; asked again whenever something comes, since processes come and go meanwhile. */
  readonly expected: () => Iterable<string>;
  readonly timeoutMs: number;
  /** How long others may still come when everybody who was expected has answered. */
  readonly graceMs: number;
  readonly now: () => number;
}

/** The answers to one question as they come in. */
export class Gathering {
  readonly #options: GatheringOptions;
  readonly #answers = new Map<string, ProcessAnswer<unknown>>();
  /** One that is taken for dead while it is waited for has not answered. */
  readonly #expectedFirst: readonly string[];
  readonly #askedAt: number;
  readonly #deadline: NodeJS.Timeout;
  #grace: NodeJS.Timeout | undefined;
  #finish: () => void = () => {};
  /** Resolves when there is nothing left to wait for. */
  readonly finished: Promise<void>;

  constructor(options: GatheringOptions) {
    this.#options = options;
    this.#askedAt = options.now();
    this.#expectedFirst = [...options.expected()];
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#deadline = setTimeout(() => this.end(), options.timeoutMs);
  }

  /** @param isOwn whether it comes from the process that asked: there is no way, and one clock. */
  add(reply: ControlReply, isOwn: boolean): void {
    if (this.#answers.has(reply.process.id) || this.#answers.size >= ANSWER_LIMIT) return;
    const heardAt = this.#options.now();
    const { process, outcome, receivedAt, sentAt } = reply;
    this.#answers.set(process.id, {
      process,
      outcome: outcome.kind === "answered" ? { kind: "answered", answer: outcome.answer } : outcome,
      roundTripMs: isOwn ? 0 : Math.max(0, heardAt - this.#askedAt - (sentAt - receivedAt)),
      skewMs: isOwn ? 0 : (receivedAt - this.#askedAt + (sentAt - heardAt)) / 2,
    });
    if (this.#without(this.#options.expected()).length > 0) return;
    clearTimeout(this.#grace);
    this.#grace = setTimeout(() => this.end(), this.#options.graceMs);
  }

  end(): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#grace);
    this.#finish();
  }

  result(): Gathered<unknown> {
    const answers = [...this.#answers.values()].sort((a, b) => compare(nameOf(a), nameOf(b)));
    return { answers, missing: this.#without([...this.#expectedFirst, ...this.#options.expected()]) };
  }

  /** Those of them that have not answered. */
  #without(ids: Iterable<string>): string[] {
    return [...new Set(ids)].filter((id) => !this.#answers.has(id)).sort();
  }
}

function nameOf({ process }: ProcessAnswer<unknown>): string {
  return `${process.kind} ${process.id}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
