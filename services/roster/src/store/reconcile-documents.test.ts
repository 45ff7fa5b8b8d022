import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  changesSince,
  contactIn,
  emptyRoster,
  itemXml,
  looksSame,
  type Roster,
  type RosterChange,
  rosterItems,
  type SubscriptionState,
} from "@rollcall/rfc6121";
import type { BareJid } from "@rollcall/xmpp";
import fc from "fast-check";
import { encodeMeta, fitToMeta } from "./document-meta.ts";
import { adoptDocument, mergeDocuments, type Sibling } from "./reconcile-documents.ts";
import {
  applyDecision,
  decodeDocument,
  digestOf,
  emptyDocument,
  encodeBody,
  type RosterDocument,
} from "./roster-document.ts";

const owner = "juliet@capulet.example" as BareJid;
const jids = Array.from({ length: 6 }, (_, i) => `c${i}@x.example` as BareJid);
const now = 1_800_000_000_000;

function stored(document: RosterDocument, writtenAt = 0): Sibling {
  const fitted = fitToMeta(document);
  const body = encodeBody(fitted, new Map());
  return { decoded: decodeDocument(owner, body, encodeMeta(fitted, digestOf(body))), writtenAt };
}

function byHand(roster: object, writtenAt = 0): Sibling {
  return { decoded: decodeDocument(owner, JSON.stringify(roster), {}), writtenAt };
}

function write(document: RosterDocument, ...changes: RosterChange[]): RosterDocument {
  return applyDecision(document, { changes, result: undefined });
}

function item(jid: BareJid, name: string, state: SubscriptionState = "none"): RosterChange {
  return {
    kind: "put",
    push: false,
    contact: {
      ...contactIn(emptyRoster, jid),
      inRoster: true,
      name,
      subscription: { state, approved: false },
    },
  };
}

function shown(roster: Roster): Record<string, string> {
  return Object.fromEntries([...rosterItems(roster)].map((one) => [one.jid, itemXml(one)]).sort());
}

/** What a client has that knew `before` and asked again after the merge. */
function asClient(before: Roster, after: Roster): Record<string, string> {
  const changes = changesSince(after, String(before.version));
  if (changes === undefined) return shown(after);
  const known = new Map(Object.entries(shown(before)));
  for (const change of changes) {
    if (change.kind === "item") known.set(change.contact.jid, itemXml(change.contact));
    else known.delete(change.jid);
  }
  return Object.fromEntries([...known].sort());
}

/** Everything that is stored of a document, comparable. */
function form(document: RosterDocument): unknown {
  const entries = JSON.parse(encodeBody(document, new Map())) as object;
  return [Object.fromEntries(Object.entries(entries).sort()), encodeMeta(document, "")];
}

const change: fc.Arbitrary<RosterChange> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .record({
        jid: fc.constantFrom(...jids),
        name: fc.constantFrom("a", "b", "c"),
        state: fc.constantFrom<SubscriptionState>("none", "to", "from+pending-out", "both"),
      })
      .map(({ jid, name, state }) => item(jid, name, state)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...jids).map((jid): RosterChange => ({ kind: "remove", jid })),
  },
);

const handWritten = fc.dictionary(
  fc.constantFrom<string>(...jids, "h0@y.example", "note"),
  fc.record(
    {
      name: fc.constantFrom("x", "y"),
      subscription: fc.constantFrom("none", "to", "both"),
      shoe_size: fc.integer({ min: 30, max: 50 }),
    },
    { requiredKeys: [] },
  ),
  { maxKeys: 3 },
);

/** A common past, what two writers made of it without knowing of each other, and what people wrote beside them. */
const history = fc
  .record({
    past: fc.array(change, { maxLength: 8 }),
    left: fc.array(change, { maxLength: 4 }),
    right: fc.array(change, { maxLength: 4 }),
    hands: fc.array(handWritten, { maxLength: 2 }),
  })
  .map(({ past, left, right, hands }) => {
    const grow = (document: RosterDocument, changes: readonly RosterChange[]) =>
      changes.reduce((grown, one) => write(grown, one), document);
    const common = grow(emptyDocument, past);
    const ours = [grow(common, left), grow(common, right)];
    return {
      ours,
      hands,
      siblings: [...ours.map((document) => stored(document)), ...hands.map((hand, i) => byHand(hand, i + 1))],
    };
  });

const runs = { numRuns: 300 };

describe("merging versions of a roster (properties)", () => {
  test("the order of the versions does not matter", () => {
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.nat()), ({ siblings }, seeds) => {
        const shuffled = siblings
          .map((sibling) => ({ sibling, at: seeds.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ sibling }) => sibling);
        assert.deepEqual(
          form(mergeDocuments(shuffled, undefined, now).document),
          form(mergeDocuments(siblings, undefined, now).document),
        );
      }),
      runs,
    );
  });

  test("a version merged with itself is itself, and so is a merge", () => {
    fc.assert(
      fc.property(history, ({ ours, siblings }) => {
        const [document = emptyDocument] = ours;
        const same = mergeDocuments([stored(document), stored(document)], undefined, now);
        assert.deepEqual(form(same.document), form(document));
        assert.equal(same.edits, undefined);
        const merged = mergeDocuments(siblings, undefined, now).document;
        const again = mergeDocuments([stored(merged), stored(merged)], merged, now);
        assert.deepEqual(form(again.document), form(merged));
        assert.equal(again.edits, undefined);
      }),
      runs,
    );
  });

  test("merging a merge with what it was made of changes nobody's contacts, except that hands write again", () => {
    fc.assert(
      fc.property(history, ({ ours }) => {
        const siblings = ours.map((document) => stored(document));
        const merged = mergeDocuments(siblings, undefined, now).document;
        const again = mergeDocuments([stored(merged), ...siblings], undefined, now).document;
        assert.deepEqual(shown(again.roster), shown(merged.roster));
      }),
      runs,
    );
  });

  test("a removal that is not older than any edit holds, and nothing else is lost", () => {
    fc.assert(
      fc.property(history, ({ ours, siblings, hands }) => {
        const { roster } = mergeDocuments(siblings, undefined, now).document;
        for (const jid of jids) {
          if (hands.some((hand) => jid in hand)) continue;
          const edits = ours.map((one) => one.roster.contacts.get(jid)?.revision ?? 0);
          const removals = ours.map((one) => one.roster.removed.get(jid)?.revision ?? 0);
          const lastEdit = Math.max(...edits);
          const expected = lastEdit > 0 && lastEdit > Math.max(...removals);
          assert.equal(roster.contacts.has(jid), expected, jid);
          if (!expected) continue;
          const claims = ours
            .map((one) => one.roster.contacts.get(jid))
            .filter((contact) => contact?.revision === lastEdit);
          assert.ok(claims.some((claim) => looksSame(claim, roster.contacts.get(jid))));
        }
      }),
      runs,
    );
  });

  test("what people write by hand is there afterwards, and the rest of their contacts as it was", () => {
    fc.assert(
      fc.property(history, ({ siblings, hands }) => {
        const { roster } = mergeDocuments(siblings, undefined, now).document;
        for (const [key, value] of hands.flatMap((hand) => Object.entries(hand))) {
          if (key === "note") continue;
          const contact = roster.contacts.get(key as BareJid);
          assert.ok(contact?.inRoster, key);
          const names = hands.map((hand) => hand[key]?.name).filter((name) => name !== undefined);
          if (value.name !== undefined) assert.equal(contact.name, names.at(-1));
        }
      }),
      runs,
    );
  });

  test("fields and values of others are kept", () => {
    fc.assert(
      fc.property(history, ({ siblings, hands }) => {
        const { document } = mergeDocuments(siblings, undefined, now);
        for (const [key, value] of hands.flatMap((hand) => Object.entries(hand))) {
          if (key === "note") assert.ok(document.extra.has("note"));
          else if (value.shoe_size !== undefined) {
            assert.ok("shoe_size" in (document.foreign.get(key as BareJid)?.fields ?? {}));
          }
        }
      }),
      runs,
    );
  });

  test("a client of any version ends with the merged roster", () => {
    fc.assert(
      fc.property(history, ({ ours, siblings }) => {
        const { roster } = mergeDocuments(siblings, undefined, now).document;
        for (const one of ours) assert.deepEqual(asClient(one.roster, roster), shown(roster));
      }),
      runs,
    );
  });

  test("clients that are told the edits end with the merged roster", () => {
    fc.assert(
      fc.property(history, ({ ours, siblings }) => {
        const [known = emptyDocument] = ours;
        const { document, edits } = mergeDocuments(siblings, known, now);
        const told = new Map(Object.entries(shown(known.roster)));
        for (const jid of edits?.contacts ?? []) {
          const contact = document.roster.contacts.get(jid);
          if (contact?.inRoster) told.set(jid, itemXml(contact));
          else told.delete(jid);
        }
        assert.deepEqual(Object.fromEntries([...told].sort()), shown(document.roster));
      }),
      runs,
    );
  });

  test("versions and revisions only grow, and every visible change has its own", () => {
    fc.assert(
      fc.property(history, ({ ours, siblings }) => {
        const { roster } = mergeDocuments(siblings, undefined, now).document;
        for (const one of ours) {
          assert.ok(roster.version >= one.roster.version);
          assert.ok(roster.revision >= one.roster.revision);
        }
        const highest = Math.max(...ours.map((one) => one.roster.version));
        const fresh = [...rosterItems(roster)]
          .map(({ version }) => version)
          .filter((version) => version > highest);
        assert.equal(new Set(fresh).size, fresh.length);
      }),
      runs,
    );
  });
});

describe("taking over a roster that was replaced by hand (properties)", () => {
  test("what it says is so, and clients of any version end with it", () => {
    fc.assert(
      fc.property(history, handWritten, fc.boolean(), ({ ours }, hand, isKnown) => {
        const [before = emptyDocument] = ours;
        const { decoded } = byHand(hand);
        const { document } = adoptDocument(decoded, isKnown ? before : undefined, now);
        const expected = Object.keys(hand).filter((key) => key !== "note");
        assert.deepEqual([...document.roster.contacts.keys()].sort(), expected.sort());
        assert.deepEqual(asClient(before.roster, document.roster), shown(document.roster));
      }),
      runs,
    );
  });

  test("taken over and stored it is ours, without further edits", () => {
    fc.assert(
      fc.property(handWritten, (hand) => {
        const { document } = adoptDocument(byHand(hand).decoded, undefined, now);
        assert.deepEqual(form(stored(document).decoded.document ?? emptyDocument), form(document));
      }),
      runs,
    );
  });
});

describe("merging, by example", () => {
  const base = write(emptyDocument, item(jids[0]!, "a"), item(jids[1]!, "b"));

  test("two owners that wrote at the same time: both changes, and each client hears of the other's", () => {
    const left = write(base, item(jids[0]!, "left"));
    const right = write(base, item(jids[1]!, "right"));
    const { document } = mergeDocuments([stored(left), stored(right)], undefined, now);
    assert.equal(document.roster.contacts.get(jids[0]!)?.name, "left");
    assert.equal(document.roster.contacts.get(jids[1]!)?.name, "right");
    assert.equal(left.roster.version, right.roster.version);
    assert.ok(document.roster.version > left.roster.version);
  });

  test("a removal and an edit at the same time: the removal", () => {
    const left = write(base, item(jids[0]!, "edited"));
    const right = write(base, { kind: "remove", jid: jids[0]! });
    const { document } = mergeDocuments([stored(left), stored(right)], undefined, now);
    assert.equal(document.roster.contacts.has(jids[0]!), false);
  });

  test("a stored request survives a merge in which nothing visible happened", () => {
    const subscription = { state: "none+pending-in", approved: false } as const;
    const contact = contactIn(emptyRoster, "asks@x.example" as BareJid);
    const { decoded } = byHand({
      "asks@x.example": { pending_requests: { subscribe: true }, in_roster: false },
    });
    const asked = adoptDocument(decoded, undefined, now).document.roster.contacts.get(contact.jid)!;
    const left = write(base, { kind: "put", push: false, contact: { ...asked, subscription } });
    const right = write(base, item(jids[0]!, "right"));
    const { document } = mergeDocuments([stored(left), stored(right)], undefined, now);
    assert.equal(document.roster.contacts.get(contact.jid)?.subscription.state, "none+pending-in");
    assert.notEqual(document.roster.contacts.get(contact.jid)?.request, undefined);
  });

  test("a copy of an older body that somebody wrote back does not undo later changes", () => {
    const copy = JSON.parse(encodeBody(base, new Map()));
    const later = write(base, item(jids[0]!, "later"), { kind: "remove", jid: jids[1]! });
    const { document } = mergeDocuments([stored(later), byHand(copy, 1)], undefined, now);
    assert.equal(document.roster.contacts.get(jids[0]!)?.name, "later");
    assert.equal(document.roster.contacts.has(jids[1]!), false);
  });
});
