import { BusError, type MessageMeta, type Outcome } from "@rollcall/bus";
import type { Stanza } from "@rollcall/xmpp";

/** Under what a session knows a fan-out that comes again. */
export type FanOutName = { readonly id: string } | { readonly availableId: string };

/** What became of what was written for a node. `late`: the node takes its time; nobody waits for it any longer. */
export type HandOver = "taken" | "lost" | "late" | "fenced";

/**
 * A message whose handling the next owner may have to repeat, on a bus where that can happen. It names what is written
 * because of it, and knows when the nodes have that: only then may the message count as done, or the death of this process
 * would lose it.
 */
export class Cause {
  /** The same whoever handles the message, and however often. */
  readonly id: string;
  #open = 0;
  #isFenced = false;
  #over: (() => void) | undefined = undefined;

  constructor(id: string) {
    this.id = id;
  }

  /** For the outbox: something written for this waits for its node. */
  opened(): void {
    this.#open += 1;
  }

  /** For the outbox: called once for each `opened`. */
  closed(outcome: HandOver): void {
    this.#open -= 1;
    if (outcome === "fenced") this.#isFenced = true;
    if (this.#open === 0) this.#over?.();
  }

  /** Waits for something else that was sent because of this. */
  waitFor(sending: Promise<void>): void {
    this.opened();
    sending.then(
      () => this.closed("taken"),
      (error: unknown) => this.closed(isFenced(error) ? "fenced" : "lost"),
    );
  }

  /**
   * Resolves when no node has to be waited for any more. To be called once, after the last write.
   * @throws {BusError} `fenced`: another owner does the work.
   */
  async handedOver(): Promise<void> {
    if (this.#open > 0) {
      await new Promise<void>((resolve) => {
        this.#over = resolve;
      });
    }
    if (this.#isFenced) throw new BusError("fenced", "the receiver knows of a later owner");
  }
}

/** @param presence what is told because of `cause`. @returns `undefined` on a bus that repeats nothing. */
export function fanOutName(presence: Stanza, cause: Cause | undefined): FanOutName | undefined {
  if (cause === undefined) return undefined;
  return presence.type === "unavailable" ? { id: cause.id } : { availableId: cause.id };
}

const fenced: Outcome = { kind: "reject", reason: "fenced" };

/**
 * Handles a message and makes sure that it counts as done only when it is: the nodes have what was written for it, and
 * nobody refused it because there is a later owner. On a bus that repeats nothing there is nothing to make sure of.
 *
 * @param repetitionId names the message where its own id would not do.
 * @param handle does what depends on order before it returns.
 */
export function conclude(
  meta: MessageMeta,
  repetitionId: string | undefined,
  handle: (cause: Cause | undefined) => Outcome | Promise<Outcome>,
): Outcome | Promise<Outcome> {
  if (meta.id === undefined) return handle(undefined);
  return concludeWith(new Cause(repetitionId ?? meta.id), handle);
}

async function concludeWith(
  cause: Cause,
  handle: (cause: Cause) => Outcome | Promise<Outcome>,
): Promise<Outcome> {
  try {
    const outcome = await handle(cause);
    if (outcome.kind === "done") await cause.handedOver();
    return outcome;
  } catch (error) {
    if (isFenced(error)) return fenced;
    throw error;
  }
}

/** Whether somebody refused what this process said, since another one is the owner by now. */
export function isFenced(error: unknown): boolean {
  return error instanceof BusError && error.code === "fenced";
}
