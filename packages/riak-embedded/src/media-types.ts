/** `type/subtype` in lower case, without parameters. */
export function mediaTypeOf(contentType: string): string {
  const end = contentType.indexOf(";");
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

/** Whether it looks like `type/subtype`, the least that Riak asks of a Content-Type. */
export function isMediaType(contentType: string): boolean {
  return /^[^\s/;,]+\/[^\s/;,]+$/.test(mediaTypeOf(contentType));
}

/**
 * The type to answer with: the client's preferences in order of quality, and among equals in the order it named them,
 * each meets the offers in their order.
 *
 * @param accept the header; absent means anything.
 * @param offers media types without parameters.
 * @returns `undefined` for 406.
 */
export function chooseMediaType(accept: string | undefined, offers: readonly string[]): string | undefined {
  if (accept === undefined || accept === "*/*" || accept === offers[0]) return offers[0];
  for (const range of rangesOf(accept)) {
    const offer = offers.find((candidate) => matches(range, candidate));
    if (offer !== undefined) return offer;
  }
  return undefined;
}

/** Clients send the same few headers with every request. */
const knownRanges = new Map<string, readonly string[]>();
const RANGES_KEPT = 16;

function rangesOf(accept: string): readonly string[] {
  let ranges = knownRanges.get(accept);
  if (ranges === undefined) {
    ranges = parseRanges(accept);
    if (knownRanges.size < RANGES_KEPT && accept.length < 200) knownRanges.set(accept, ranges);
  }
  return ranges;
}

function parseRanges(accept: string): string[] {
  const ranges: { range: string; quality: number }[] = [];
  for (const part of accept.split(",")) {
    const range = mediaTypeOf(part);
    if (range === "") continue;
    const quality = Number(/;\s*q=([\d.]+)/i.exec(part)?.[1] ?? 1);
    if (quality > 0) ranges.push({ range, quality });
  }
  return ranges.sort((a, b) => b.quality - a.quality).map(({ range }) => range);
}

function matches(range: string, offer: string): boolean {
  return (
    range === offer ||
    range === "*/*" ||
    range === "*" ||
    (range.endsWith("/*") && offer.startsWith(range.slice(0, -1)))
  );
}
