import { RiakError } from "./riak-error.ts";
import type { RiakRequest, RiakResponse, RiakTransport } from "./riak-transport.ts";

/** Requests under way at once before `overloaded`. */
const MAX_IN_FLIGHT = 10_000;

/**
 * A transport that calls a store in the same process. One attempt per request: where a call fails, a second one would
 * fail too.
 *
 * @param handle answers every request, refusals included, with a response; what it throws is `unavailable`.
 */
export function createDirectTransport(
  handle: (request: RiakRequest) => Promise<RiakResponse>,
): RiakTransport {
  return new DirectTransport(handle);
}

class DirectTransport implements RiakTransport {
  readonly #handle: (request: RiakRequest) => Promise<RiakResponse>;
  readonly #pending = new Set<Pending>();
  #closed = false;

  constructor(handle: (request: RiakRequest) => Promise<RiakResponse>) {
    this.#handle = handle;
  }

  send(request: RiakRequest): Promise<RiakResponse> {
    if (this.#closed) return Promise.reject(new RiakError("closed", "the client is closed"));
    if (this.#pending.size >= MAX_IN_FLIGHT) {
      return Promise.reject(new RiakError("overloaded", `${MAX_IN_FLIGHT} requests under way`));
    }
    return new Promise((resolve, reject) => {
      const maybeWritten = request.method !== "GET" && request.method !== "HEAD";
      const pending: Pending = {
        fail: (error) => {
          clearTimeout(timer);
          this.#pending.delete(pending);
          reject(error);
        },
        maybeWritten,
      };
      const timer = setTimeout(expire, request.timeoutMs, pending);
      timer.unref();
      this.#pending.add(pending);
      this.#answer(request).then(
        (response) => {
          clearTimeout(timer);
          this.#pending.delete(pending);
          resolve(response);
        },
        (cause: unknown) =>
          pending.fail(new RiakError("unavailable", "the embedded store failed", { cause, maybeWritten })),
      );
    });
  }

  /** So that a handler which throws at once is no different from one that rejects. */
  async #answer(request: RiakRequest): Promise<RiakResponse> {
    return this.#handle(request);
  }

  close(): Promise<void> {
    this.#closed = true;
    for (const { fail, maybeWritten } of this.#pending) {
      fail(new RiakError("closed", "the client was closed", { maybeWritten }));
    }
    return Promise.resolve();
  }
}

interface Pending {
  readonly fail: (error: RiakError) => void;
  readonly maybeWritten: boolean;
}

function expire({ fail, maybeWritten }: Pending): void {
  fail(new RiakError("timeout", "the embedded store did not answer in time", { maybeWritten }));
}
