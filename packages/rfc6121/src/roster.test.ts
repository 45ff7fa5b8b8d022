import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { BareJid } from "@rollcall/xmpp";
import fc from "fast-check";
import {
  applyChanges,
  type ContactFacts,
  changesSince,
  contactIn,
  countItems,
  emptyRoster,
  maxRemembered,
  pendingRequests,
  type Roster,
  type RosterChange,
  rosterItems,
} from "./roster.ts";
import { bareRequest } from "./roster-decisions.ts";
import { itemXml } from "./roster-iq.ts";
import type { SubscriptionState } from "./subscription-table.ts";

const owner = "juliet@capulet.example" as BareJid;
const romeo = "romeo@montague.example" as BareJid;
const nurse = "nurse@capulet.example" as BareJid;

function contact(jid: BareJid, parts: Partial<ContactFacts> = {}): ContactFacts {
  return { ...contactIn(emptyRoster, jid), inRoster: true, ...parts };
}

function put(contactFacts: ContactFacts, push = false): RosterChange {
  return { kind: "put", contact: contactFacts, push };
}

function asking(jid: BareJid, at = 0): ContactFacts {
  return contact(jid, {
    inRoster: false,
    subscription: { state: "none+pending-in", approved: false },
    request: { stanza: bareRequest(jid, owner), at },
  });
}

/** What a client knows after applying pushes to what it knew. */
function replay(before: ReadonlyMap<string, string>, roster: Roster, since: number): Map<string, string> {
  const known = new Map(before);
  const changes = changesSince(roster, String(since));
  if (changes === undefined) {
    known.clear();
    for (const item of rosterItems(roster)) known.set(item.jid, itemXml(item));
    return known;
  }
  for (const change of changes) {
    if (change.kind === "item") known.set(change.contact.jid, itemXml(change.contact));
    else known.delete(change.jid);
  }
  return known;
}

function shown(roster: Roster): Map<string, string> {
  return replay(new Map(), roster, -1);
}

describe("roster versions", () => {
  test("an untouched roster has version 0, the first change makes it 1", () => {
    assert.equal(emptyRoster.version, 0);
    const roster = applyChanges(emptyRoster, [put(contact(romeo))]);
    assert.equal(roster.version, 1);
    assert.equal(roster.contacts.get(romeo)?.version, 1);
  });

  test("a change that clients cannot see gets a revision but no version", () => {
    const roster = applyChanges(emptyRoster, [put(asking(romeo))]);
    assert.equal(roster.version, 0);
    assert.equal(roster.revision, 1);
    assert.equal(countItems(roster), 0);
    assert.equal(pendingRequests(roster).length, 1);
  });

  test("a request beside an item leaves the version of the item alone", () => {
    const before = applyChanges(emptyRoster, [put(contact(romeo, { name: "Romeo" }))]);
    const { request } = asking(romeo);
    const after = applyChanges(before, [
      put(
        contact(romeo, {
          name: "Romeo",
          subscription: { state: "none+pending-in", approved: false },
          request,
        }),
      ),
    ]);
    assert.equal(after.version, 1);
    assert.equal(after.contacts.get(romeo)?.version, 1);
    assert.equal(after.contacts.get(romeo)?.revision, 2);
  });

  test("a roster set counts even where it changes nothing", () => {
    const before = applyChanges(emptyRoster, [put(contact(romeo), true)]);
    assert.equal(applyChanges(before, [put(contact(romeo), true)]).version, 2);
  });

  test("every change of a batch has a version of its own", () => {
    const roster = applyChanges(emptyRoster, [put(contact(romeo)), put(contact(nurse))]);
    assert.deepEqual(
      [...rosterItems(roster)].map((item) => item.version),
      [1, 2],
    );
    assert.equal(roster.revision, 1);
  });

  test("no changes, same roster", () => {
    assert.equal(applyChanges(emptyRoster, []), emptyRoster);
  });

  test("contacts that a change does not touch stay the same objects", () => {
    const before = applyChanges(emptyRoster, [put(contact(romeo)), put(contact(nurse))]);
    const after = applyChanges(before, [put(contact(nurse, { name: "Nurse" }))]);
    assert.equal(after.contacts.get(romeo), before.contacts.get(romeo));
  });
});

describe("removal", () => {
  test("a removed item is remembered with the version of its removal", () => {
    const roster = applyChanges(applyChanges(emptyRoster, [put(contact(romeo))]), [
      { kind: "remove", jid: romeo },
    ]);
    assert.equal(roster.version, 2);
    assert.deepEqual(roster.removed.get(romeo), { version: 2, revision: 2 });
    assert.equal(roster.contacts.size, 0);
  });

  test("a contact with nothing left to keep is removed", () => {
    const before = applyChanges(emptyRoster, [put(asking(romeo))]);
    const after = applyChanges(before, [
      put({
        ...asking(romeo),
        subscription: { state: "none", approved: false },
        request: undefined,
      }),
    ]);
    assert.equal(after.contacts.size, 0);
    assert.equal(after.version, 0);
    assert.deepEqual(after.removed.get(romeo), { version: 0, revision: 2 });
  });

  test("removing nobody changes no version", () => {
    assert.equal(applyChanges(emptyRoster, [{ kind: "remove", jid: romeo }]).version, 0);
  });

  test("the memory of removals is bounded, and a client from before it gets the complete roster", () => {
    let roster = applyChanges(
      emptyRoster,
      Array.from({ length: maxRemembered + 1 }, (_, i) => put(contact(`c${i}@x.example` as BareJid))),
    );
    const kept = Array.from({ length: 2 * maxRemembered + 10 }, (_, i) =>
      put(contact(`k${i}@x.example` as BareJid)),
    );
    roster = applyChanges(roster, kept);
    const since = roster.version;
    for (let i = 0; i <= maxRemembered; i += 1) {
      roster = applyChanges(roster, [{ kind: "remove", jid: `c${i}@x.example` as BareJid }]);
    }
    assert.equal(roster.removed.size, maxRemembered);
    assert.equal(changesSince(roster, String(since)), undefined);
    assert.equal(changesSince(roster, String(since + 1))?.length, maxRemembered);
  });
});

describe("changes since a version", () => {
  const jids = Array.from({ length: 6 }, (_, i) => `c${i}@x.example` as BareJid);
  const roster = applyChanges(
    emptyRoster,
    jids.map((jid) => put(contact(jid))),
  );

  test("the present version has none", () => {
    assert.deepEqual(changesSince(roster, "6"), []);
  });

  test("an unknown, empty, larger or malformed version gets the complete roster", () => {
    for (const since of ["", "7", "abc", "06", "-1", "1.0", "6 ", "99999999999999999999"]) {
      assert.equal(changesSince(roster, since), undefined, since);
    }
  });

  test("fewer than half of the items come as changes, half and more as the complete roster", () => {
    assert.equal(changesSince(roster, "4")?.length, 2);
    assert.equal(changesSince(roster, "3"), undefined);
  });

  test("only the last state of an item counts, in the order of the last changes", () => {
    let later = applyChanges(roster, [put(contact(jids[0]!, { name: "a" }))]);
    later = applyChanges(later, [{ kind: "remove", jid: jids[1]! }]);
    later = applyChanges(later, [put(contact(jids[0]!, { name: "b" }))]);
    const changes = changesSince(later, "6");
    assert.deepEqual(
      changes?.map((change) => [change.kind, change.version]),
      [
        ["removed", 8],
        ["item", 9],
      ],
    );
  });

  test("whatever happened, a client that applies them has the roster (property)", () => {
    const states: SubscriptionState[] = ["none", "none+pending-out", "to", "from", "both"];
    const change = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant("put" as const),
          contact: fc.record({
            jid: fc.constantFrom(...jids),
            inRoster: fc.constant(true),
            name: fc.option(fc.constantFrom("a", "b"), { nil: undefined }),
            groups: fc.subarray(["x", "y"]),
            subscription: fc.record({ state: fc.constantFrom(...states), approved: fc.boolean() }),
            request: fc.constant(undefined),
          }),
          push: fc.boolean(),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constant("remove" as const), jid: fc.constantFrom(...jids) }),
      },
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), fc.array(change, { maxLength: 4 }), (first, then) => {
        const seen = first.reduce((roster, one) => applyChanges(roster, [one]), roster);
        const now = then.reduce((roster, one) => applyChanges(roster, [one]), seen);
        assert.deepEqual(
          new Map([...replay(shown(seen), now, seen.version)].sort()),
          new Map([...shown(now)].sort()),
        );
        const changes = changesSince(now, String(seen.version)) ?? [];
        const versions = changes.map((one) => one.version);
        assert.deepEqual(
          versions,
          [...new Set(versions)].sort((a, b) => a - b),
        );
        if (changes.length > 0) assert.equal(versions.at(-1), now.version);
      }),
      { numRuns: 300 },
    );
  });
});

describe("pending requests", () => {
  test("they come oldest first", () => {
    const roster = applyChanges(emptyRoster, [put(asking(romeo, 20)), put(asking(nurse, 10))]);
    assert.deepEqual(
      pendingRequests(roster).map((request) => request.stanza.from),
      [nurse, romeo],
    );
  });
});
