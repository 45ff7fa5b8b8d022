/** Repeatable random numbers (mulberry32). @returns whole numbers from 0 to below the argument. */
export type Pick = (below: number) => number;

export function randomFrom(seed: number): Pick {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** One of a list. @throws when there is none. */
export function oneOf<T>(pick: Pick, list: readonly T[]): T {
  const chosen = list[pick(list.length)];
  if (chosen === undefined) throw new Error("nothing to choose from");
  return chosen;
}

/** One of a list of things with weights. */
export function weighted<T>(pick: Pick, choices: readonly (readonly [weight: number, choice: T])[]): T {
  let left = pick(choices.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, choice] of choices) {
    if (left < weight) return choice;
    left -= weight;
  }
  throw new Error("nothing to choose from");
}
