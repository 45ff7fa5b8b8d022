import {
  activeSpan,
  Counts,
  type Histogram,
  Histograms,
  handlerOutcomes,
  secondsBounds,
} from "@rollcall/telemetry";
import type { Outcome } from "./bus.ts";
import { BusError } from "./bus-error.ts";

const DONE = handlerOutcomes.indexOf("done");
const RETRIED = handlerOutcomes.indexOf("retried");
const REJECTED = handlerOutcomes.indexOf("rejected");
const FENCED = handlerOutcomes.indexOf("fenced");
const FAILED = handlerOutcomes.indexOf("failed");

/** What handlers of this process had to do, by channel; one of each is there for every channel that was opened. */
export class HandlerMetrics {
  readonly queueSeconds = new Histograms(secondsBounds);
  readonly handlerSeconds = new Histograms(secondsBounds);
  readonly handled = new Counts([]);
  readonly #channels = new Map<string, ChannelMetrics>();

  /** @param place the channel, with the node id where it is addressed to a node. */
  of(place: string): ChannelMetrics {
    const channel = place.split(" ", 1)[0] ?? place;
    let metrics = this.#channels.get(channel);
    if (metrics === undefined) {
      const first = this.handled.extend(handlerOutcomes.map((outcome) => ({ channel, outcome })));
      metrics = new ChannelMetrics(
        this.queueSeconds.add({ channel }),
        this.handlerSeconds.add({ channel }),
        (outcome) => this.handled.add(first + outcome),
      );
      this.#channels.set(channel, metrics);
    }
    return metrics;
  }
}

/** Times are milliseconds of `performance.now()`. */
export class ChannelMetrics {
  readonly #queue: Histogram;
  readonly #handler: Histogram;
  readonly #count: (outcome: number) => void;

  constructor(queue: Histogram, handler: Histogram, count: (outcome: number) => void) {
    this.#queue = queue;
    this.#handler = handler;
    this.#count = count;
  }

  waited(takenAt: number, startedAt: number, traceId: string | undefined): void {
    this.#queue.record((startedAt - takenAt) / 1_000, traceId);
  }

  /** @param isOver there is no further attempt. */
  ended(
    startedAt: number,
    endedAt: number,
    outcome: Outcome,
    isOver: boolean,
    traceId: string | undefined,
  ): void {
    this.#handler.record((endedAt - startedAt) / 1_000, traceId);
    if (outcome.kind === "done") this.#count(DONE);
    else if (outcome.kind === "retry") this.#count(isOver ? FAILED : RETRIED);
    else this.#count(outcome.reason === "fenced" ? FENCED : REJECTED);
  }

  /** Was not even begun. */
  refused(): void {
    this.#count(FAILED);
  }

  /** Runs the handler of a question. */
  async answering(answer: () => unknown): Promise<unknown> {
    const startedAt = performance.now();
    const traceId = activeSpan()?.traceId;
    let outcome = FAILED;
    try {
      const answered = await answer();
      outcome = DONE;
      return answered;
    } catch (error) {
      if (error instanceof BusError && error.code === "fenced") outcome = FENCED;
      throw error;
    } finally {
      this.#handler.record((performance.now() - startedAt) / 1_000, traceId);
      this.#count(outcome);
    }
  }
}
