import { Readable } from "node:stream";
import type { FastifyReply } from "fastify";

export const ndjsonType = "application/x-ndjson";

/** Bytes that are gathered into one write. */
const chunkLength = 16 * 1024;

/**
 * Answers with one JSON value a line, as they come and no faster than they are read. When `values` fails, the
 * connection ends without the end of the body, so that nobody takes a part for the whole.
 */
export function sendLines(reply: FastifyReply, values: AsyncIterable<unknown>): FastifyReply {
  return reply.type(ndjsonType).send(Readable.from(gather(values), { objectMode: false }));
}

async function* gather(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  let text = "";
  for await (const value of values) {
    text += `${JSON.stringify(value)}\n`;
    if (text.length < chunkLength) continue;
    yield text;
    text = "";
  }
  if (text !== "") yield text;
}
