/**
 * Why somebody is, or is not, shown online to somebody: RFC 6121, section 4 read backwards. Pure.
 *
 * Romeo is shown to Juliet when he has an available session, his roster lets her see it (subscription from or both) or
 * he has sent her directed presence, and she has an available session that it can be delivered to. Each rule looks at one
 * thing that may be in the way; they stand in the order in which presence travels, and the first that blocks decides.
 */
import type { WhyAnswer, WhyReason } from "@rollcall/contracts";
import type { AccountFacts } from "./account-facts.ts";
import { whyRules } from "./why-rules.ts";

export interface WhyFacts {
  /** Who should be shown. */
  readonly romeo: AccountFacts;
  /** To whom. */
  readonly juliet: AccountFacts;
  /** Connection nodes with sessions of one of them, that do not answer. */
  readonly silentNodes: ReadonlySet<string>;
}

export function whyShown(facts: WhyFacts): WhyAnswer {
  const reasons = whyRules.flatMap((rule) => rule(facts) ?? []);
  const blocks = reasons.filter(({ effect }) => effect === "blocks");
  const unknown = reasons.filter(({ effect }) => effect === "unknown");
  const hints = reasons.filter(({ effect }) => effect === "hint");
  const base = { who: facts.romeo.jid, to: facts.juliet.jid };
  if (blocks.length > 0) return { ...base, shown: "no", reasons: [...blocks, ...unknown, ...hints] };
  if (unknown.length > 0) return { ...base, shown: "unknown", reasons: [...unknown, ...hints] };
  return { ...base, shown: "yes", reasons: [nothingInTheWay(facts), ...hints] };
}

function nothingInTheWay({ romeo, juliet }: WhyFacts): WhyReason {
  return {
    code: "shown",
    effect: "shows",
    message: `nothing is in the way: ${juliet.jid} has been sent the presence of ${romeo.jid}`,
    action: `if a client of ${juliet.jid} does not show it, log in again there; rollcall trace ${romeo.jid} follows the next change`,
  };
}
