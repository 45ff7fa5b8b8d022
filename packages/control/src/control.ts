import type { ControlAnswerOf, ControlKind, ControlProcess, ControlQuestionOf } from "@rollcall/contracts";

/**
 * Asks every process something for an operator, and gathers what they say. What can be asked is in
 * `packages/contracts/src/control`.
 *
 * - Nothing is kept: a process that is not there when the question comes never hears of it.
 * - A process answers a question at most once, and says so when it does not know the question or its handler failed.
 * - This process hears its own questions as well, also while it can reach nobody else.
 * - Everything is bounded: how long answers are waited for, how many are kept, how many questions are asked and answered
 *   at the same time, and how long a handler may take.
 * - For operators only: questions are rare, and may change what a process does for a while. Nothing that clients do
 *   leads here.
 */
export interface Control {
  /**
   * Answers a kind of question in this process, until the returned function is called.
   * @throws {Error} when that kind is answered here already.
   */
  answer<K extends ControlKind>(kind: K, handle: ControlHandler<K>): () => void;

  /**
   * Resolves when every process that is expected has answered and no further answers come, or when the time is up.
   * @throws {ControlError} `busy` with too many questions under way, `closed` after `stop`.
   */
  ask<K extends ControlKind>(
    question: ControlQuestionOf<K>,
    options?: AskOptions,
  ): Promise<Gathered<ControlAnswerOf<K>>>;

  /** Answers nothing more; questions under way end with what has come. */
  stop(): void;
}

/** Asked again, it must do no harm: an operator who got no answer asks again. */
export type ControlHandler<K extends ControlKind> = (
  question: ControlQuestionOf<K>,
) => ControlAnswerOf<K> | Promise<ControlAnswerOf<K>>;

export interface AskOptions {
  /** Ids or kinds of the processes that are to answer; all by default. */
  readonly to?: readonly string[] | undefined;
  /** Default 2,000 ms. */
  readonly timeoutMs?: number | undefined;
}

export interface Gathered<A> {
  /** One for each process, in the order of kind and id. */
  readonly answers: readonly ProcessAnswer<A>[];
  /** Ids of processes that should be there and said nothing. */
  readonly missing: readonly string[];
}

export interface ProcessAnswer<A> {
  readonly process: ControlProcess;
  readonly outcome:
    | { readonly kind: "answered"; readonly answer: A }
    | { readonly kind: "not-known" }
    | { readonly kind: "failed"; readonly message: string };
  /** What question and answer took on their way, without the time of the handler. */
  readonly roundTripMs: number;
  /**
   * How far the clock of the process is ahead of the asker's, if both ways took the same time: wrong by half of
   * `roundTripMs` at most. 0 for the asker itself.
   */
  readonly skewMs: number;
}

export interface ControlOptions {
  readonly process: ControlProcess;
  /** Milliseconds since the epoch. Default: the clock of the machine. */
  readonly now?: (() => number) | undefined;
}

export type ControlErrorCode = "busy" | "closed";

/** A question that was not asked. */
export class ControlError extends Error {
  override readonly name = "ControlError";
  readonly code: ControlErrorCode;
  readonly retryable: boolean;

  constructor(code: ControlErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.retryable = code === "busy";
  }
}
