import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ContactView } from "@rollcall/contracts";
import { type BareJid, makeStanza } from "@rollcall/xmpp";
import fc from "fast-check";
import { JidPool } from "../sessions/jid-pool.ts";
import { HeldRoster } from "./held-roster.ts";

const isLocal = (jid: string): boolean => jid.endsWith("@example.com");

function rosterOf(contacts: readonly ContactView[], pool = new JidPool()): HeldRoster {
  return new HeldRoster({ revision: 1, contacts, pendingRequests: [], exists: true }, pool, isLocal);
}

const arbitraryContact = (people: number): fc.Arbitrary<ContactView> =>
  fc.record({
    contact: fc
      .tuple(fc.nat(people), fc.constantFrom("example.com", "elsewhere.org"))
      .map(([n, domain]) => `person${n}@${domain}` as BareJid),
    subscription: fc.constantFrom("none" as const, "to" as const, "from" as const, "both" as const),
    inRoster: fc.boolean(),
  });

describe("a roster that is held", () => {
  for (const people of [5, 200]) {
    it(`is the same as a plain map after any changes, of up to ${people * 2} contacts`, () => {
      fc.assert(
        fc.property(
          fc.uniqueArray(arbitraryContact(people), { selector: (one) => one.contact, maxLength: people }),
          fc.array(arbitraryContact(people), { maxLength: people * 2 }),
          (contacts, changes) => {
            const roster = rosterOf(contacts);
            const model = new Map(contacts.map((one) => [one.contact, one]));
            for (const change of changes) {
              roster.change(change, undefined);
              if (change.subscription === "none" && !change.inRoster) model.delete(change.contact);
              else model.set(change.contact, change);
              assert.deepEqual(roster.standing(change.contact), {
                inRoster: change.inRoster,
                subscribed: change.subscription === "from" || change.subscription === "both",
              });
            }
            const expected = (values: readonly string[]): string[] =>
              [...model.values()]
                .filter((one) => isLocal(one.contact) && values.includes(one.subscription))
                .map((one) => one.contact)
                .sort();
            assert.deepEqual([...roster.subscribers].sort(), expected(["from", "both"]));
            assert.deepEqual([...roster.watched].sort(), expected(["to", "both"]));
            for (const one of model.values()) {
              assert.equal(roster.standing(one.contact).inRoster, one.inRoster);
            }
          },
        ),
        { numRuns: people > 100 ? 60 : 300 },
      );
    });
  }

  it("shares its strings, and gives them back", () => {
    const pool = new JidPool();
    const contact = {
      contact: "romeo@example.com" as BareJid,
      subscription: "both",
      inRoster: true,
    } as const;
    const one = rosterOf([contact], pool);
    const other = rosterOf([contact], pool);
    assert.equal(pool.size, 1);
    one.change({ ...contact, subscription: "none", inRoster: false }, undefined);
    assert.equal(pool.size, 1);
    other.release();
    assert.equal(pool.size, 0);
  });

  it("keeps pending requests in the order of their arrival, one per contact", () => {
    const roster = rosterOf([]);
    const from = (contact: string, id: string) =>
      [
        { contact: contact as BareJid, subscription: "none" as const, inRoster: false },
        makeStanza("presence", { type: "subscribe", from: contact, id }),
      ] as const;
    roster.change(...from("romeo@example.com", "1"));
    roster.change(...from("paris@example.com", "2"));
    roster.change(...from("romeo@example.com", "3"));
    assert.deepEqual(
      roster.pendingRequests.map((request) => request.id),
      ["3", "2"],
    );
    roster.change(from("romeo@example.com", "")[0], undefined);
    assert.deepEqual(
      roster.pendingRequests.map((request) => request.id),
      ["2"],
    );
    roster.change(from("paris@example.com", "")[0], undefined);
    assert.equal(roster.pendingRequests.length, 0);
  });
});
