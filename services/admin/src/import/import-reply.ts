import { once } from "node:events";
import { PassThrough } from "node:stream";
import type { Clock } from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { AdminCounters } from "../counters.ts";
import { readLines } from "../ndjson/read-lines.ts";
import { ndjsonType } from "../ndjson/write-lines.ts";
import { type LineOutcome, runImport } from "./run-import.ts";

/** What imports of every kind have in common. */
export interface ImportContext {
  readonly clock: Clock;
  readonly concurrency: number;
  readonly counters: AdminCounters;
  readonly lineBytes: number;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

/**
 * Imports the lines of a request body as they arrive, and answers with one JSON report a line while they do
 * (`ImportReport`). The client must read while it writes: whoever does not read is not read from either.
 */
export function replyWithImport<C extends string>(
  request: FastifyRequest,
  reply: FastifyReply,
  context: ImportContext,
  what: string,
  counted: readonly C[],
  handle: (value: unknown) => Promise<LineOutcome<C>>,
): FastifyReply {
  const { clock, concurrency, counters, lineBytes, stopping } = context;
  const logger = context.logger.with({ import: what });
  const output = new PassThrough();
  const run = async (): Promise<void> => {
    try {
      const counts = await runImport({
        lines: readLines(untilAborted(request.raw, stopping), lineBytes),
        concurrency,
        counted,
        handle,
        onFault: (line, error) => logger.error({ event: "admin.import-fault", line, error }),
        stopping,
        clock,
        report: async (report) => {
          if (output.destroyed) throw new Error("the client of the import has gone");
          if (!output.write(`${JSON.stringify(report)}\n`)) await once(output, "drain");
        },
      });
      counters.importedLines += counts.lines;
      counters.badLines += counts.bad + counts.failed;
      logger.info({ event: "admin.import-finished", complete: !stopping.aborted, counts });
      output.end();
    } catch (error) {
      logger.warn({ event: "admin.import-broken-off", error });
      output.destroy(error instanceof Error ? error : new Error("import broken off"));
    }
  };
  void run();
  return reply.type(ndjsonType).send(output);
}

/** What comes until the signal, also where it waits for more. */
async function* untilAborted(
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  while (!signal.aborted) {
    const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
      const onAbort = () => resolve({ done: true, value: undefined });
      signal.addEventListener("abort", onAbort, { once: true });
      iterator
        .next()
        .then(resolve, reject)
        .finally(() => signal.removeEventListener("abort", onAbort));
    });
    if (next.done === true) return;
    yield next.value;
  }
}
