/** Maps what comes with at most `limit` under way; results keep the order. The first failure ends it. */
export async function* boundedMap<T, R>(
  source: AsyncIterable<T>,
  limit: number,
  map: (value: T) => Promise<R>,
): AsyncGenerator<R> {
  const pending: Promise<R>[] = [];
  for await (const value of source) {
    const result = map(value);
    // Whoever waits for it sees the failure; one that comes while nobody waits yet must not end the process.
    result.catch(() => {});
    pending.push(result);
    if (pending.length >= limit) yield await pending.shift()!;
  }
  while (pending.length > 0) yield await pending.shift()!;
}
