import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type BareJid, makeStanza } from "@rollcall/xmpp";
import { applyChanges, contactIn, emptyRoster, type Roster } from "./roster.ts";
import {
  decideItemRemoval,
  decideItemSet,
  decideSubscription,
  type RosterLimits,
} from "./roster-decisions.ts";
import type { SubscriptionEvent } from "./subscription-table.ts";

const owner = "juliet@capulet.example" as BareJid;
const romeo = "romeo@montague.example" as BareJid;
const limits: RosterLimits = {
  maxItems: 2,
  maxGroupsPerItem: 5,
  maxNameBytes: 100,
  maxPendingRequests: 2,
  maxRequestLength: 50,
};

function step(roster: Roster, event: SubscriptionEvent, jid: BareJid = romeo, payload = ""): Roster {
  const incoming = event.startsWith("in:");
  const stanza = makeStanza("presence", {
    type: event.slice(event.indexOf(":") + 1),
    from: incoming ? jid : owner,
    to: incoming ? owner : jid,
    payload,
  });
  const decision = decideSubscription(roster, event, jid, stanza, 1, limits);
  assert.equal(decision.kind, "decided");
  return decision.kind === "decided" ? applyChanges(roster, decision.changes) : roster;
}

function set(roster: Roster, jid: BareJid, name?: string): Roster {
  const decision = decideItemSet(roster, { jid, name, groups: [] }, limits);
  assert.equal(decision.kind, "set");
  return decision.kind === "set" ? applyChanges(roster, [decision.change]) : roster;
}

describe("subscription stanzas and the roster", () => {
  test("a request to somebody new makes an item with ask", () => {
    const contact = contactIn(step(emptyRoster, "out:subscribe"), romeo);
    assert.equal(contact.inRoster, true);
    assert.equal(contact.subscription.state, "none+pending-out");
  });

  test("a request from somebody new makes no item, and is kept complete", () => {
    const contact = contactIn(step(emptyRoster, "in:subscribe", romeo, "<status>hi</status>"), romeo);
    assert.equal(contact.inRoster, false);
    assert.equal(contact.request?.stanza.payload, "<status>hi</status>");
    assert.equal(contact.request?.at, 1);
  });

  test("the first request is kept, a repetition is not written", () => {
    const first = step(emptyRoster, "in:subscribe", romeo, "<status>1</status>");
    assert.equal(step(first, "in:subscribe", romeo, "<status>2</status>"), first);
  });

  test("a request with too much content is kept without it", () => {
    const contact = contactIn(step(emptyRoster, "in:subscribe", romeo, "x".repeat(51)), romeo);
    assert.equal(contact.request?.stanza.payload, "");
    assert.equal(contact.request?.stanza.type, "subscribe");
  });

  test("a request beside an existing item leaves name and groups alone", () => {
    const roster = step(set(emptyRoster, romeo, "Romeo"), "in:subscribe");
    assert.equal(contactIn(roster, romeo).name, "Romeo");
    assert.equal(contactIn(roster, romeo).subscription.state, "none+pending-in");
  });

  test("approving makes the item and drops the request", () => {
    const contact = contactIn(step(step(emptyRoster, "in:subscribe"), "out:subscribed"), romeo);
    assert.equal(contact.inRoster, true);
    assert.equal(contact.request, undefined);
    assert.equal(contact.subscription.state, "from");
  });

  test("denying a stranger leaves nothing behind, denying a contact leaves the item", () => {
    const stranger = step(step(emptyRoster, "in:subscribe"), "out:unsubscribed");
    assert.equal(stranger.contacts.size, 0);
    assert.equal(stranger.version, 0);
    const known = step(step(set(emptyRoster, romeo), "in:subscribe"), "out:unsubscribed");
    assert.equal(contactIn(known, romeo).inRoster, true);
    assert.equal(known.version, 1);
  });

  test("asking while being asked keeps the request", () => {
    const roster = step(step(emptyRoster, "in:subscribe"), "out:subscribe");
    assert.equal(contactIn(roster, romeo).subscription.state, "none+pending-out+in");
    assert.notEqual(contactIn(roster, romeo).request, undefined);
  });

  test("pre-approving a stranger makes an ordinary item", () => {
    const contact = contactIn(step(emptyRoster, "out:subscribed"), romeo);
    assert.deepEqual([contact.inRoster, contact.subscription.approved], [true, true]);
  });

  test("an event without effect on somebody unknown changes nothing", () => {
    for (const event of ["in:subscribed", "in:unsubscribed", "in:unsubscribe", "out:unsubscribed"] as const) {
      assert.equal(step(emptyRoster, event), emptyRoster);
    }
  });
});

describe("limits", () => {
  const full = set(set(emptyRoster, "a@x.example" as BareJid), "b@x.example" as BareJid);

  test("a full roster takes no new item, but changes to those it has", () => {
    assert.equal(
      decideItemSet(full, { jid: romeo, name: undefined, groups: [] }, limits).kind,
      "roster-full",
    );
    assert.equal(set(full, "a@x.example" as BareJid, "A").version, 3);
  });

  test("a full roster takes no outbound request to somebody new", () => {
    const stanza = makeStanza("presence", { type: "subscribe", from: owner, to: romeo });
    assert.equal(decideSubscription(full, "out:subscribe", romeo, stanza, 1, limits).kind, "roster-full");
  });

  test("a full roster still takes inbound requests", () => {
    assert.equal(contactIn(step(full, "in:subscribe"), romeo).subscription.state, "none+pending-in");
  });

  test("requests beyond the limit are as if they had never come", () => {
    const flooded = step(
      step(emptyRoster, "in:subscribe", "a@x.example" as BareJid),
      "in:subscribe",
      "b@x.example" as BareJid,
    );
    const stanza = makeStanza("presence", { type: "subscribe", from: romeo, to: owner });
    assert.equal(
      decideSubscription(flooded, "in:subscribe", romeo, stanza, 1, limits).kind,
      "too-many-requests",
    );
  });
});

describe("removal", () => {
  test("an item goes with its request", () => {
    const roster = step(set(emptyRoster, romeo), "in:subscribe");
    const removal = decideItemRemoval(roster, romeo);
    assert.equal(removal.kind, "removed");
    if (removal.kind !== "removed") return;
    assert.equal(removal.before.state, "none+pending-in");
    assert.equal(applyChanges(roster, [removal.change]).contacts.size, 0);
  });

  test("who is no item cannot be removed, a stored request notwithstanding", () => {
    assert.equal(decideItemRemoval(emptyRoster, romeo).kind, "no-such-item");
    assert.equal(decideItemRemoval(step(emptyRoster, "in:subscribe"), romeo).kind, "no-such-item");
  });
});
