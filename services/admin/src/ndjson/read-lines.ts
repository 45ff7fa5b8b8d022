/** One line of a stream, numbered from 1. Blank lines are counted and left out. */
export type Line =
  | { readonly kind: "line"; readonly number: number; readonly text: string }
  | { readonly kind: "too-long"; readonly number: number }
  | { readonly kind: "not-utf-8"; readonly number: number };

const newline = 0x0a;

/**
 * Splits bytes into lines. Holds one line of at most `limit` bytes; of a longer one nothing is kept. The last line
 * needs no newline; carriage returns and a byte order mark are taken off.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Line> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let number = 1;
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let tooLong = false;

  const hold = (bytes: Uint8Array): void => {
    heldBytes += bytes.length;
    if (heldBytes > limit) tooLong = true;
    if (tooLong) held = [];
    else if (bytes.length > 0) held.push(bytes);
  };
  const finish = (): Line | undefined => {
    const bytes = held.length === 1 ? held[0]! : Buffer.concat(held);
    const wasTooLong = tooLong;
    held = [];
    heldBytes = 0;
    tooLong = false;
    const current = number++;
    if (wasTooLong) return { kind: "too-long", number: current };
    try {
      const text = decoder.decode(bytes).trim();
      return text === "" ? undefined : { kind: "line", number: current, text };
    } catch {
      return { kind: "not-utf-8", number: current };
    }
  };

  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      hold(chunk.subarray(start, end));
      const line = finish();
      if (line !== undefined) yield line;
      start = end + 1;
    }
    hold(chunk.subarray(start));
  }
  if (heldBytes > 0) {
    const line = finish();
    if (line !== undefined) yield line;
  }
}
