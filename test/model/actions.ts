/** Who plays in the model tests, and what they may do. */
import fc from "fast-check";
import { type StanzaType, type State, stanzaTypes, states } from "./appendix-a.ts";

/** How many sessions each of them has. */
export const resources = { ada: 3, ben: 2, cleo: 1 } as const;
export type Name = keyof typeof resources;
export const names = Object.keys(resources) as Name[];
/** Has an address and no account. */
export const nobody = "nobody";

/** How one side of a subscription stands before the play. */
export interface Beginning {
  readonly state: State;
  readonly approved: boolean;
  readonly item: boolean;
}

export type Action =
  | {
      readonly kind: "send";
      readonly by: Name;
      readonly from: number;
      readonly to: number;
      readonly type: StanzaType;
    }
  | {
      readonly kind: "available" | "unavailable" | "fetch" | "return";
      readonly by: Name;
      readonly from: number;
    }
  | {
      readonly kind: "set";
      readonly by: Name;
      readonly from: number;
      readonly to: number;
      readonly name: string;
      readonly groups: readonly string[];
    }
  | { readonly kind: "remove" | "probe"; readonly by: Name; readonly from: number; readonly to: number };

/** The contact that a number stands for: one of the two others, or the address without an account. */
export function contactOf(by: Name, to: number): string {
  return [...names.filter((name) => name !== by), nobody][to % 3] as string;
}

const who = { by: fc.constantFrom(...names), from: fc.nat({ max: 2 }) };
const whom = { ...who, to: fc.oneof({ weight: 8, arbitrary: fc.nat({ max: 1 }) }, fc.constant(2)) };

export const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({ kind: fc.constant("send"), ...whom, type: fc.constantFrom(...stanzaTypes) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("available", "unavailable"), ...who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("fetch", "return"), ...who }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("set"),
      ...whom,
      name: fc.constantFrom("", "Dear", "<&'\" ö"),
      groups: fc.subarray(["Friends", "Work", "ß & co"]),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("remove", "probe"), ...whom }) },
) as fc.Arbitrary<Action>;

export const beginning: fc.Arbitrary<Beginning> = fc.record({
  state: fc.constantFrom(...states),
  approved: fc.boolean(),
  item: fc.boolean(),
});
