/**
 * A listing (`keys=stream`) is JSON objects one after the other, `{"keys":[…]}`, cut into pieces anywhere, most of
 * them empty; or one `{"error":…}` with status 200 when vnodes are missing.
 */
import { RiakError } from "./riak-error.ts";

const SPACE = 32;
const QUOTE = 34;
const BACKSLASH = 92;
const OPEN = 123;
const CLOSE = 125;

/** Far above what a vnode sends at once; a peer that never closes its object is not kept in memory for ever. */
const MAX_OBJECT_BYTES = 16_000_000;

/** Takes the pieces of a listing and gives the keys of every object that is complete. */
export class KeyListing {
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** @throws {RiakError} `unavailable` for Riak's error, `bad-response` for anything but such objects. */
  push(chunk: Uint8Array): string[] {
    const keys: string[] = [];
    let start = 0;
    let at = -1;
    for (const byte of chunk) {
      at++;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
      } else if (byte === OPEN) {
        if (this.#depth++ === 0) start = at;
      } else if (this.#depth === 0) {
        if (byte > SPACE) throw new RiakError("bad-response", "key listing is not made of JSON objects");
      } else if (byte === QUOTE) this.#inString = true;
      else if (byte === CLOSE && --this.#depth === 0) {
        this.#hold(chunk.subarray(start, at + 1));
        this.#take(keys);
        start = at + 1;
      }
    }
    if (this.#depth > 0) this.#hold(chunk.subarray(start));
    return keys;
  }

  /** @throws {RiakError} `bad-response` when an object is not complete. */
  end(): void {
    if (this.#depth > 0) throw new RiakError("bad-response", "key listing was cut off");
  }

  #hold(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > MAX_OBJECT_BYTES) throw new RiakError("too-large", "key listing object too large");
  }

  #take(keys: string[]): void {
    const text = Buffer.concat(this.#held, this.#heldBytes).toString("utf8");
    this.#held = [];
    this.#heldBytes = 0;
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch (cause) {
      throw new RiakError("bad-response", "key listing is not JSON", { cause });
    }
    const { keys: found, error } = parsed as { keys?: unknown; error?: unknown };
    if (error !== undefined) throw new RiakError("unavailable", `key listing failed: ${String(error)}`);
    if (!Array.isArray(found)) return;
    for (const key of found) if (typeof key === "string") keys.push(key);
  }
}
