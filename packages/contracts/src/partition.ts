/** Accounts are divided into this many partitions; fixed for good, since owners and stores agree on it. */
export const PARTITIONS = 256;

const encoder = new TextEncoder();
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The partition of an account: FNV-1a (32 bit) over the UTF-8 bytes of its canonical bare JID, mod 256. */
export function partitionOf(bareJid: string): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < bareJid.length; i += 1) {
    const unit = bareJid.charCodeAt(i);
    if (unit > 0x7f) return partitionOfBytes(encoder.encode(bareJid));
    hash = Math.imul(hash ^ unit, FNV_PRIME);
  }
  return (hash >>> 0) % PARTITIONS;
}

function partitionOfBytes(bytes: Uint8Array): number {
  let hash = FNV_OFFSET;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return (hash >>> 0) % PARTITIONS;
}
