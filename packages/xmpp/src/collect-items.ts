/** For tests: what a stream parser makes of bytes, in chunks of the tester's choice. */
import { Buffer } from "node:buffer";
import { type ParserLimits, type StreamItem, StreamParser } from "./parse-stream.ts";

export const header =
  `<?xml version='1.0'?><stream:stream to='example.com' version='1.0' xmlns='jabber:client'` +
  ` xmlns:stream='http://etherx.jabber.org/streams'>`;

export const limits: ParserLimits = { maxStanzaBytes: 10_000, maxDepth: 20, maxAttributes: 20 };

/** Takes all items that are there. */
export function drain(parser: StreamParser): StreamItem[] {
  const items: StreamItem[] = [];
  for (let item = parser.next(); item !== undefined; item = parser.next()) items.push(item);
  return items;
}

/** All items of one stream whose bytes arrive in chunks of `chunkBytes`, the last one shorter. */
export function collectItems(
  stream: string | Uint8Array,
  chunkBytes = Number.POSITIVE_INFINITY,
  parserLimits: ParserLimits = limits,
): StreamItem[] {
  const bytes = typeof stream === "string" ? Buffer.from(stream) : stream;
  const parser = new StreamParser(parserLimits);
  const items: StreamItem[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    parser.push(bytes.subarray(at, Math.min(bytes.length, at + chunkBytes)));
    items.push(...drain(parser));
  }
  return items;
}

/** The same bytes in two chunks, cut at `cut`. */
export function collectSplit(stream: string | Uint8Array, cut: number): StreamItem[] {
  const bytes = typeof stream === "string" ? Buffer.from(stream) : stream;
  const parser = new StreamParser(limits);
  parser.push(bytes.subarray(0, cut));
  const items = drain(parser);
  parser.push(bytes.subarray(cut));
  items.push(...drain(parser));
  return items;
}
