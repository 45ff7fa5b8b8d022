/**
 * Frames that are too large for one message of NATS, cut into pieces. A piece is a header line, which no frame begins
 * with, and a part of the frame's UTF-8:
 *
 *   ~presence-1-x7 18 0 3\n…
 *
 * sender, number of the frame at this sender, number of the piece, how many there are. Pieces of a frame come in order; one
 * that is missing voids the frame, which its link sends again.
 */

const MARK = "~".charCodeAt(0);
const NEWLINE = "\n".charCodeAt(0);
const HEADER = /^~([^ \n]{1,256}) (\d{1,15}) (\d{1,4}) (\d{1,4})$/;
const HEADER_BYTES = 512;
const MOST_PIECES = 1_024;
/** Of frames that are not complete, of all senders together. */
const HELD_BYTES = 268_435_456;

/** @param pieceBytes what one message may have. @throws {RangeError} for more than 1,024 pieces. */
export function cutFrame(from: string, number: number, frame: Uint8Array, pieceBytes: number): Uint8Array[] {
  const size = pieceBytes - HEADER_BYTES;
  const count = Math.ceil(frame.length / size);
  if (!(size > 0) || count > MOST_PIECES) throw new RangeError(`a frame of ${frame.length} bytes`);
  return Array.from({ length: count }, (_, index) =>
    Buffer.concat([
      Buffer.from(`~${from} ${number} ${index} ${count}\n`),
      frame.subarray(index * size, (index + 1) * size),
    ]),
  );
}

export type Piece =
  /** The text of a frame, whole from the beginning or now. */
  | { readonly kind: "frame"; readonly text: string }
  | { readonly kind: "incomplete" }
  | { readonly kind: "malformed"; readonly reason: string };

interface Partial {
  readonly number: string;
  readonly count: number;
  readonly parts: Uint8Array[];
  size: number;
}

/** Puts frames together again. */
export class FramePieces {
  readonly #partial = new Map<string, Partial>();
  #held = 0;

  /** @param data of one message; not kept unless it is a piece. */
  take(data: Uint8Array): Piece {
    if (data[0] !== MARK) return { kind: "frame", text: textOf(data) };
    const end = data.subarray(0, HEADER_BYTES).indexOf(NEWLINE);
    const [, from = "", number = "", index = "", of = ""] =
      HEADER.exec(textOf(data.subarray(0, Math.max(0, end)))) ?? [];
    const count = Number(of);
    if (from === "" || count < 1 || count > MOST_PIECES) return { kind: "malformed", reason: "not a piece" };
    const known = this.#partial.get(from);
    if (index === "0") {
      this.#forget(from, known);
      this.#partial.set(from, { number, count, parts: [], size: 0 });
    }
    const partial = this.#partial.get(from);
    const isNext =
      partial !== undefined &&
      partial.number === number &&
      partial.count === count &&
      partial.parts.length === Number(index);
    const part = data.subarray(end + 1);
    if (!isNext || this.#held + part.length > HELD_BYTES) {
      this.#forget(from, partial);
      return { kind: "incomplete" };
    }
    partial.parts.push(Uint8Array.from(part));
    partial.size += part.length;
    this.#held += part.length;
    if (partial.parts.length < count) return { kind: "incomplete" };
    this.#forget(from, partial);
    return { kind: "frame", text: Buffer.concat(partial.parts).toString() };
  }

  #forget(from: string, partial: Partial | undefined): void {
    if (partial === undefined) return;
    this.#held -= partial.size;
    this.#partial.delete(from);
  }
}

function textOf(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.length).toString();
}
