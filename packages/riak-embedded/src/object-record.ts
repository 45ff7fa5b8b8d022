import type { Sibling } from "./siblings.ts";

/**
 * How an object lies in LMDB: a version byte, the length of the head (32 bit), the head as JSON in Latin-1 (all its strings are bytes from HTTP),
 * then the bodies one after the other.
 */

const VERSION = 1;
const HEAD_START = 5;

interface SiblingHead {
  readonly n: number;
  readonly v: string;
  readonly t: number;
  readonly c: string;
  readonly e?: string;
  readonly m?: Record<string, string>;
  readonly x?: [string, string][];
  readonly l?: [string, string, string][];
  readonly d?: 1;
  readonly s: number;
}

interface RecordHead {
  /** The object's key, one character per byte, where the LMDB key is too short to hold it. */
  readonly k?: string;
  readonly s: readonly SiblingHead[];
}

const NO_META: Readonly<Record<string, string>> = Object.freeze({});
const NONE: readonly never[] = Object.freeze([]);

/** @param longKey the object's key, where the LMDB key does not hold it whole. */
export function encodeRecord(siblings: readonly Sibling[], longKey?: string): Uint8Array {
  let bodies = 0;
  const heads = siblings.map((sibling): SiblingHead => {
    bodies += sibling.body.length;
    return {
      n: sibling.dot,
      v: sibling.vtag,
      t: sibling.lastModified,
      c: sibling.contentType,
      ...(sibling.contentEncoding !== undefined && { e: sibling.contentEncoding }),
      ...(Object.keys(sibling.meta).length > 0 && { m: sibling.meta }),
      ...(sibling.indexes.length > 0 && { x: sibling.indexes as [string, string][] }),
      ...(sibling.links.length > 0 && { l: sibling.links as [string, string, string][] }),
      ...(sibling.deleted && { d: 1 as const }),
      s: sibling.body.length,
    };
  });
  const head: RecordHead = longKey === undefined ? { s: heads } : { k: longKey, s: heads };
  const text = JSON.stringify(head);
  const record = Buffer.allocUnsafe(HEAD_START + text.length + bodies);
  record[0] = VERSION;
  record.writeUInt32LE(text.length, 1);
  record.write(text, HEAD_START, "latin1");
  let offset = HEAD_START + text.length;
  for (const sibling of siblings) {
    record.set(sibling.body, offset);
    offset += sibling.body.length;
  }
  return record;
}

/**
 * @param record may be memory that LMDB reuses: the bodies of the result are views of it, to be copied before the next
 *   call into the store.
 * @throws {Error} if the record is of another version.
 */
export function decodeRecord(record: Uint8Array): Sibling[] {
  const head = headOf(record);
  let offset = HEAD_START + headLength(record);
  return head.s.map((sibling): Sibling => {
    const body = record.subarray(offset, offset + sibling.s);
    offset += sibling.s;
    return {
      dot: sibling.n,
      vtag: sibling.v,
      lastModified: sibling.t,
      contentType: sibling.c,
      contentEncoding: sibling.e,
      meta: sibling.m ?? NO_META,
      indexes: sibling.x ?? NONE,
      links: sibling.l ?? NONE,
      deleted: sibling.d === 1,
      body,
    };
  });
}

/** The object's key if the record holds it, one character per byte. */
export function longKeyOf(record: Uint8Array): string | undefined {
  return headOf(record).k;
}

function headLength(record: Uint8Array): number {
  return record[1]! + record[2]! * 0x100 + record[3]! * 0x1_0000 + record[4]! * 0x100_0000;
}

function headOf(record: Uint8Array): RecordHead {
  if (record[0] !== VERSION) throw new Error(`object record of unknown version ${record[0]}`);
  const text = Buffer.from(record.buffer, record.byteOffset + HEAD_START, headLength(record));
  return JSON.parse(text.toString("latin1")) as RecordHead;
}
