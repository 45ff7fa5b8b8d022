import { createHash } from "node:crypto";

/** A bucket of a bucket type. Both names hold one character per byte. */
export interface BucketName {
  readonly type: string;
  readonly bucket: string;
}

/** LMDB's keys end at 1978 bytes; this leaves room for the hash that stands in for the rest of a longer one. */
const PLAIN_KEY_BYTES = 1900;
const HASH_BYTES = 32;
/** Longer names of buckets would leave too little of the LMDB key for the object's. */
export const MAX_BUCKET_BYTES = 1000;

/** What all LMDB keys of a bucket begin with; no prefix of one bucket begins with another's. */
export function bucketPrefix({ type, bucket }: BucketName): Buffer {
  const prefix = Buffer.allocUnsafe(1 + type.length + 2 + bucket.length);
  prefix[0] = type.length;
  prefix.write(type, 1, "latin1");
  prefix.writeUInt16BE(bucket.length, 1 + type.length);
  prefix.write(bucket, 3 + type.length, "latin1");
  return prefix;
}

/** What all LMDB keys of a bucket type begin with. */
export function typePrefix(type: string): Buffer {
  return Buffer.concat([Buffer.from([type.length]), Buffer.from(type, "latin1")]);
}

/** The bucket of an LMDB key or prefix. */
export function bucketOf(storeKey: Uint8Array): BucketName {
  const bytes = Buffer.from(storeKey.buffer, storeKey.byteOffset, storeKey.byteLength);
  const typeEnd = 1 + bytes[0]!;
  const bucketEnd = typeEnd + 2 + bytes.readUInt16BE(typeEnd);
  return {
    type: bytes.toString("latin1", 1, typeEnd),
    bucket: bytes.toString("latin1", typeEnd + 2, bucketEnd),
  };
}

/**
 * The LMDB key of an object: the bucket's prefix and the object's key, which sorts objects by key within their bucket.
 * A key that is too long keeps its first bytes, followed by the hash of the whole; it then sorts by its first bytes.
 */
export function objectStoreKey(prefix: Buffer, key: string): { storeKey: Buffer; hashed: boolean } {
  const length = prefix.length + key.length;
  if (length <= PLAIN_KEY_BYTES) {
    const storeKey = Buffer.allocUnsafe(length);
    prefix.copy(storeKey);
    storeKey.write(key, prefix.length, "latin1");
    return { storeKey, hashed: false };
  }
  const whole = Buffer.concat([prefix, Buffer.from(key, "latin1")]);
  const hash = createHash("sha256").update(whole).digest();
  return { storeKey: Buffer.concat([whole.subarray(0, PLAIN_KEY_BYTES), hash]), hashed: true };
}

/** Whether the LMDB key holds a hash instead of the whole key. */
export function isHashed(storeKey: Uint8Array): boolean {
  return storeKey.length === PLAIN_KEY_BYTES + HASH_BYTES;
}

/** The smallest key that is larger than every key with this prefix; `undefined` if there is none. */
export function afterPrefix(prefix: Uint8Array): Buffer | undefined {
  const end = Buffer.from(prefix);
  for (let index = end.length - 1; index >= 0; index--) {
    if (end[index]! < 0xff) {
      end[index]!++;
      return end.subarray(0, index + 1);
    }
  }
  return undefined;
}
