/**
 * The causal context of an object, as it travels in `X-Riak-Vclock`.
 *
 * Riak's is a version vector with an entry for every vnode that coordinated a write. This store has one coordinator, so
 * one entry is enough: every write gets a number (a *dot*) larger than any before it in the whole store, and the context
 * of an object is the largest dot in it. Contexts are only ever taken from whole objects, so having seen dot `n` means
 * having seen every sibling whose dot is at most `n`. That is exactly what dotted version vectors need to know.
 *
 * Clients must treat the text as opaque, as they must with Riak's.
 */

const MAGIC = 0x524331; // "RC1"
const LENGTH = 3 + 8 + 8;

/** The number of a write; 0 stands for "has seen nothing". */
export type Dot = number;

/** @param storeId 8 random bytes made with the store, so that contexts of two stores cannot be mixed up. */
export function encodeVclock(storeId: Uint8Array, dot: Dot): string {
  const bytes = Buffer.allocUnsafe(LENGTH);
  bytes.writeUIntBE(MAGIC, 0, 3);
  bytes.set(storeId, 3);
  bytes.writeUInt32BE(Math.floor(dot / 0x1_0000_0000), 11);
  bytes.writeUInt32BE(dot >>> 0, 15);
  return bytes.toString("base64");
}

/**
 * @returns the dot; 0 for the context of another store (a real cluster, a store that was thrown away): its writer has
 *   seen nothing of what is here; `undefined` for text that is not a context.
 */
export function decodeVclock(storeId: Uint8Array, text: string): Dot | undefined {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length !== LENGTH || bytes.readUIntBE(0, 3) !== MAGIC) return undefined;
  if (bytes.toString("base64") !== text) return undefined;
  for (let index = 0; index < 8; index++) if (bytes[3 + index] !== storeId[index]) return 0;
  const dot = bytes.readUInt32BE(11) * 0x1_0000_0000 + bytes.readUInt32BE(15);
  return Number.isSafeInteger(dot) ? dot : undefined;
}
