import {
  CONTROL_VERSION,
  type ControlAsk,
  type ControlKind,
  type ControlProcess,
  type ControlReply,
  isControlKind,
} from "@rollcall/contracts";
import type { Logger } from "@rollcall/telemetry";
import type { ControlHandler } from "./control.ts";

/** Questions that a process answers at the same time. */
const UNDER_WAY = 32;
/** What a handler may take before its question counts as failed. */
const HANDLER_LIMIT_MS = 10_000;

/** The handlers of a process, within bounds; the same for every adapter. */
export class Answering {
  readonly #process: ControlProcess;
  readonly #now: () => number;
  readonly #logger: Logger;
  readonly #handlers = new Map<ControlKind, ControlHandler<never>>();
  #underWay = 0;

  constructor(process: ControlProcess, now: () => number, logger: Logger) {
    this.#process = process;
    this.#now = now;
    this.#logger = logger;
  }

  add(kind: ControlKind, handle: ControlHandler<never>): () => void {
    if (this.#handlers.has(kind)) throw new Error(`questions of kind ${kind} are answered already`);
    this.#handlers.set(kind, handle);
    return () => {
      if (this.#handlers.get(kind) === handle) this.#handlers.delete(kind);
    };
  }

  concerns({ to }: Pick<ControlAsk, "to">): boolean {
    return to === undefined || to.includes(this.#process.id) || to.includes(this.#process.kind);
  }

  /** Never rejects. */
  async reply(ask: ControlAsk): Promise<ControlReply> {
    const receivedAt = this.#now();
    const outcome = await this.#outcome(ask);
    return { v: CONTROL_VERSION, process: this.#process, receivedAt, sentAt: this.#now(), outcome };
  }

  async #outcome({ question }: ControlAsk): Promise<ControlReply["outcome"]> {
    const handle = isControlKind(question.kind) ? this.#handlers.get(question.kind) : undefined;
    if (handle === undefined) return { kind: "not-known" };
    if (this.#underWay >= UNDER_WAY) {
      return { kind: "failed", message: `${UNDER_WAY} questions are being answered already; ask again` };
    }
    this.#underWay += 1;
    let timer: NodeJS.Timeout | undefined;
    try {
      const overdue = new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(new Error(`there was no answer within ${HANDLER_LIMIT_MS / 1_000} s`)),
          HANDLER_LIMIT_MS,
        );
        timer.unref();
      });
      // What it is for was checked at the edge.
      const answer: unknown = await Promise.race([handle(question as never), overdue]);
      return { kind: "answered", answer };
    } catch (error) {
      this.#logger.warn({ event: "control.not-answered", kind: question.kind, error });
      return { kind: "failed", message: error instanceof Error ? error.message : String(error) };
    } finally {
      clearTimeout(timer);
      this.#underWay -= 1;
    }
  }
}
