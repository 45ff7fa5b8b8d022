import type { Sibling } from "./siblings.ts";

/**
 * How secondary index entries lie in LMDB: the bucket's prefix, the field, the value in a form that sorts, the object's key.
 * Integers sort as numbers, binary values by their bytes.
 */

/** An entry that is longer does not fit an LMDB key. */
export const MAX_ENTRY_BYTES = 1978;
const END_OF_FIELD = Buffer.from([0]);
const END_OF_VALUE = Buffer.from([0, 1]);
const INTEGER_OFFSET = 1n << 63n;

/** The integer that a value of an `_int` field stands for; `undefined` if it is none or does not fit 64 bits. */
export function parseIndexInteger(value: string): bigint | undefined {
  if (!/^[+-]?\d{1,19}$/.test(value)) return undefined;
  const integer = BigInt(value);
  return integer >= -INTEGER_OFFSET && integer < INTEGER_OFFSET ? integer : undefined;
}

/** What all entries of a field begin with. */
export function fieldPrefix(prefix: Buffer, field: string): Buffer {
  return Buffer.concat([prefix, Buffer.from(field, "latin1"), END_OF_FIELD]);
}

/** The value as it stands in an entry, its end mark included; `undefined` if it is none of the field's kind. */
export function sortableValue(field: string, value: string): Buffer | undefined {
  if (field.endsWith("_int")) {
    const integer = parseIndexInteger(value);
    if (integer === undefined) return undefined;
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(integer + INTEGER_OFFSET);
    return bytes;
  }
  return Buffer.concat([Buffer.from(value.replaceAll("\0", "\0\xff"), "latin1"), END_OF_VALUE]);
}

export function indexEntry(prefix: Buffer, field: string, value: string, key: string): Buffer {
  const sortable = sortableValue(field, value) ?? END_OF_VALUE;
  return Buffer.concat([fieldPrefix(prefix, field), sortable, Buffer.from(key, "latin1")]);
}

/** Value and key of an entry, one character per byte. */
export function parseIndexEntry(
  entry: Uint8Array,
  field: string,
  fieldPrefixLength: number,
): { value: string; key: string } {
  const bytes = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength);
  if (field.endsWith("_int")) {
    const integer = bytes.readBigUInt64BE(fieldPrefixLength) - INTEGER_OFFSET;
    return { value: integer.toString(), key: bytes.toString("latin1", fieldPrefixLength + 8) };
  }
  const end = bytes.indexOf(END_OF_VALUE, fieldPrefixLength);
  const value = bytes.toString("latin1", fieldPrefixLength, end).replaceAll("\0\xff", "\0");
  return { value, key: bytes.toString("latin1", end + END_OF_VALUE.length) };
}

/** The entries of an object by a name that tells them apart; those of all its siblings count, tombstones have none. */
export function indexEntries(
  prefix: Buffer,
  key: string,
  siblings: readonly Sibling[],
): ReadonlyMap<string, Buffer> {
  let entries: Map<string, Buffer> | undefined;
  for (const sibling of siblings) {
    for (const [field, value] of sibling.indexes) {
      entries ??= new Map();
      entries.set(`${field}\0${value}`, indexEntry(prefix, field, value, key));
    }
  }
  return entries ?? NO_ENTRIES;
}

const NO_ENTRIES: ReadonlyMap<string, Buffer> = new Map();
