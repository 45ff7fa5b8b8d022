import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContactRecord, PresenceAdminAnswer, SessionSummary } from "@rollcall/contracts";
import type { BareJid } from "@rollcall/xmpp";
import fc from "fast-check";
import type { AccountFacts } from "./account-facts.ts";
import { type WhyFacts, whyShown } from "./why-shown.ts";

const romeo = "romeo@example.net" as BareJid;
const juliet = "juliet@example.com" as BareJid;

const session = (change: Partial<SessionSummary> = {}): SessionSummary => ({
  node: "connection-1",
  resource: "here",
  available: true,
  interested: true,
  priority: 0,
  directed: false,
  ...change,
});

interface Change {
  readonly exists?: boolean;
  readonly disabled?: boolean;
  readonly account?: "silent";
  readonly presence?: Partial<PresenceAdminAnswer> | "silent";
  /** What the roster says of the other one. */
  readonly item?: ContactRecord | "none" | "silent";
  readonly owes?: boolean;
}

const silent = { kind: "silent", reason: "nobody answers" } as const;

function side(jid: BareJid, other: BareJid, change: Change): AccountFacts {
  const { account, disabled = false, exists = true, item = { subscription: "both" }, owes = false } = change;
  // As it is when nothing has gone wrong.
  const tellsContact =
    typeof item === "object" && (item.subscription === "from" || item.subscription === "both");
  return {
    jid,
    account: account ?? { kind: "told", value: { exists, disabled } },
    presence:
      change.presence === "silent"
        ? silent
        : { kind: "told", value: { sessions: [session()], tellsContact, ...change.presence } },
    roster:
      item === "silent"
        ? silent
        : {
            kind: "told",
            value: {
              version: "1",
              contacts: item === "none" ? {} : { [other]: item },
              commands: owes ? [{ event: "in:subscribe", contact: other, confirmed: false }] : [],
            },
          },
  } as AccountFacts;
}

/** Both are online and subscribed to each other, but for the changes. */
function facts(ofRomeo: Change = {}, ofJuliet: Change = {}, silentNodes: readonly string[] = []): WhyFacts {
  const fix = (change: Change): Change =>
    change.account === "silent" ? { ...change, account: silent as unknown as "silent" } : change;
  return {
    romeo: side(romeo, juliet, fix(ofRomeo)),
    juliet: side(juliet, romeo, fix(ofJuliet)),
    silentNodes: new Set(silentNodes),
  };
}

const away = { presence: { sessions: [] } };
const invisible = { presence: { sessions: [session({ available: false })] } };
const directing = { presence: { sessions: [session({ directed: true })], tellsContact: false } };
const none: ContactRecord = { subscription: "none" };

/** What is the case; whether he is shown; the reasons, the deciding one first. */
const table: readonly [string, WhyFacts, "yes" | "no" | "unknown", readonly string[]][] = [
  ["both are here and subscribed", facts(), "yes", ["shown"]],
  [
    "he lets her see him, one way",
    facts({ item: { subscription: "from" } }, { item: { subscription: "to" } }),
    "yes",
    ["shown"],
  ],

  ["there is no such account", facts({ exists: false, ...away }), "no", ["no-account", "offline"]],
  ["she does not exist", facts({}, { exists: false, ...away }), "no", ["no-account", "observer-offline"]],
  ["the account cannot be read", facts({ account: "silent" }), "unknown", ["account-unknown"]],

  ["he is offline", facts(away), "no", ["offline"]],
  ["he has sent no presence", facts(invisible), "no", ["not-available"]],
  [
    "his node has died",
    facts({ presence: { sessions: [session({ available: false, leaving: true })] } }),
    "no",
    ["leaving"],
  ],
  [
    "one of two of his sessions is available",
    facts({ presence: { sessions: [session({ available: false }), session()] } }),
    "yes",
    ["shown"],
  ],

  ["nobody owns his presence", facts({ presence: "silent" }), "unknown", ["presence-owner-silent"]],
  ["nobody owns his roster", facts({ item: "silent" }), "unknown", ["roster-owner-silent"]],
  ["nobody owns her presence", facts({}, { presence: "silent" }), "unknown", ["presence-owner-silent"]],
  ["nobody owns her roster", facts({}, { item: "silent" }), "unknown", ["roster-owner-silent"]],
  [
    "he is offline, and nobody owns his roster",
    facts({ ...away, item: "silent" }),
    "no",
    ["offline", "roster-owner-silent"],
  ],

  ["they are strangers", facts({ item: "none" }, { item: "none" }), "no", ["not-subscribed"]],
  [
    "he sees her, not she him",
    facts({ item: { subscription: "to" } }, { item: { subscription: "from" } }),
    "no",
    ["not-subscribed"],
  ],
  [
    "she has asked, he has not answered",
    facts(
      { item: { ...none, pending_requests: { subscribe: {} } } },
      { item: { ...none, ask: "subscribe" } },
    ),
    "no",
    ["request-pending"],
  ],
  [
    "she has asked, and it has not arrived",
    facts({ item: "none" }, { item: { ...none, ask: "subscribe" }, owes: true }),
    "no",
    ["request-not-arrived", "change-under-way"],
  ],
  ["her roster says more than his", facts({ item: none }), "no", ["rosters-disagree"]],
  ["his roster says more than hers", facts({}, { item: { subscription: "from" } }), "no", ["one-sided"]],
  ["she has removed him", facts({}, { item: "none" }), "no", ["one-sided"]],

  [
    "he has sent her directed presence",
    facts({ item: "none", ...directing }, { item: "none" }),
    "yes",
    ["shown", "directed-only"],
  ],
  [
    "directed presence of a session that is not available",
    facts(
      { item: "none", presence: { sessions: [session({ available: false, directed: true })] } },
      { item: "none" },
    ),
    "no",
    ["not-available", "not-subscribed"],
  ],

  [
    "his presence owner has not heard that she may",
    facts({ presence: { tellsContact: false } }),
    "no",
    ["view-behind"],
  ],
  [
    "his presence owner has not heard that she may not",
    facts({ item: none, presence: { tellsContact: true } }, { item: none }),
    "no",
    ["not-subscribed", "view-ahead"],
  ],

  ["she is offline", facts({}, away), "no", ["observer-offline"]],
  ["she has sent no presence", facts({}, invisible), "no", ["observer-not-available"]],
  [
    "she has not fetched her roster",
    facts({}, { presence: { sessions: [session({ interested: false })] } }),
    "yes",
    ["shown", "observer-not-interested"],
  ],
  [
    "her node hangs",
    facts({}, { presence: { sessions: [session({ node: "connection-2" })] } }, ["connection-2"]),
    "no",
    ["observer-node-silent"],
  ],
  [
    "one of her nodes hangs",
    facts({}, { presence: { sessions: [session(), session({ node: "connection-2" })] } }, ["connection-2"]),
    "yes",
    ["shown", "observer-node-silent"],
  ],
  [
    "his node hangs",
    facts({ presence: { sessions: [session({ node: "connection-2" })] } }, {}, ["connection-2"]),
    "yes",
    ["shown", "node-silent"],
  ],

  ["a change is on its way", facts({ owes: true }), "yes", ["shown", "change-under-way"]],
  ["he may not log in any more", facts({ disabled: true }), "yes", ["shown", "disabled"]],
  [
    "everything is wrong",
    facts({ ...away, item: "none" }, { ...away, item: "none" }),
    "no",
    ["offline", "not-subscribed", "observer-offline"],
  ],
];

for (const [name, given, shown, codes] of table) {
  test(`${name}: ${shown}, since ${codes.join(", ")}`, () => {
    const answer = whyShown(given);
    assert.deepEqual(
      [answer.who, answer.to, answer.shown, answer.reasons.map(({ code }) => code)],
      [romeo, juliet, shown, codes],
    );
    for (const { action, message } of answer.reasons) assert.ok(action.length > 10 && message.length > 10);
  });
}

const summaries = fc.array(
  fc.record({
    node: fc.constantFrom("connection-1", "connection-2"),
    resource: fc.constant("here"),
    available: fc.boolean(),
    interested: fc.boolean(),
    priority: fc.constant(0),
    directed: fc.boolean(),
  }),
  { maxLength: 3 },
);
const change: fc.Arbitrary<Change> = fc.record({
  exists: fc.boolean(),
  presence: fc.oneof(
    fc.constant("silent" as const),
    fc.record({ sessions: summaries, tellsContact: fc.boolean() }),
  ),
  item: fc.oneof(
    fc.constantFrom("none" as const, "silent" as const),
    fc.record({
      subscription: fc.constantFrom("none" as const, "to" as const, "from" as const, "both" as const),
    }),
  ),
  owes: fc.boolean(),
});

test("whatever is the case there is a reason, and it fits the verdict", () => {
  fc.assert(
    fc.property(change, change, fc.subarray(["connection-1", "connection-2"]), (ofRomeo, ofJuliet, nodes) => {
      const { reasons, shown } = whyShown(facts(ofRomeo, ofJuliet, nodes));
      assert.equal(reasons[0]?.effect, { yes: "shows", no: "blocks", unknown: "unknown" }[shown]);
    }),
  );
});

test("shown is only who is available and lets her see it, to somebody who is available", () => {
  fc.assert(
    fc.property(change, change, (ofRomeo, ofJuliet) => {
      const given = facts(ofRomeo, ofJuliet);
      if (whyShown(given).shown !== "yes") return;
      const sessions = (of: AccountFacts) => (of.presence.kind === "told" ? of.presence.value.sessions : []);
      const item = given.romeo.roster.kind === "told" ? given.romeo.roster.value.contacts[juliet] : undefined;
      assert.ok(sessions(given.romeo).some(({ available }) => available));
      assert.ok(sessions(given.juliet).some(({ available }) => available));
      assert.ok(
        ["from", "both"].includes(item?.subscription ?? "") ||
          sessions(given.romeo).some(({ available, directed }) => available && directed),
      );
    }),
  );
});
