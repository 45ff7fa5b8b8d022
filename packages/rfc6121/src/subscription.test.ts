import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  hasPendingIn,
  hasPendingOut,
  noSubscription,
  subscriptionState,
  subscriptionValue,
  transition,
} from "./subscription.ts";
import { subscriptionCells } from "./subscription-cells.fixture.ts";
import {
  preApprovedTable,
  removalTable,
  type SubscriptionEffect,
  type SubscriptionEvent,
  type SubscriptionState,
  subscriptionTable,
} from "./subscription-table.ts";

interface Cell {
  readonly event: SubscriptionEvent;
  readonly state: SubscriptionState;
  readonly sent: boolean;
  readonly next: SubscriptionState;
  readonly push: boolean;
  readonly rest: readonly string[];
}

const cells: Cell[] = subscriptionCells
  .trim()
  .split("\n")
  .map((line) => {
    const [event, state, sent, next, push, ...rest] = line.split(/ +/);
    return {
      event: event as SubscriptionEvent,
      state: state as SubscriptionState,
      sent: sent === "sent",
      next: next as SubscriptionState,
      push: push === "push",
      rest,
    };
  });

const states = Object.keys(subscriptionTable) as SubscriptionState[];

/** The effects that a cell of the fixture asks for, in their order; `approved` is the flag before the event. */
function expectedEffects(cell: Cell, approved: boolean): SubscriptionEffect[] {
  const effects: SubscriptionEffect[] = [];
  if (cell.rest.includes("before:unavailable")) effects.push("send-unavailable-to-contact");
  if (cell.sent) {
    if (cell.event.startsWith("out:")) effects.push("route-to-contact");
    else effects.push(cell.event === "in:subscribe" ? "deliver-to-available" : "deliver-to-interested");
  }
  const flagChanges =
    (cell.rest.includes("approve") && !approved) || (cell.rest.includes("unapprove") && approved);
  if (cell.push || flagChanges) effects.push("push-roster-item");
  if (cell.rest.includes("after:presence")) effects.push("send-presence-to-contact");
  if (cell.rest.includes("after:unavailable")) effects.push("send-unavailable-to-contact");
  if (cell.rest.includes("reply:subscribed"))
    effects.push("auto-reply-subscribed", "send-presence-to-contact");
  if (cell.rest.includes("reply:unsubscribed")) effects.push("auto-reply-unsubscribed");
  return effects;
}

describe("the subscription state machine", () => {
  test("there are 72 cells", () => {
    assert.equal(cells.length, 72);
    assert.equal(new Set(cells.map((cell) => `${cell.event} ${cell.state}`)).size, 72);
  });

  for (const cell of cells) {
    test(`${cell.event} in ${cell.state} is Appendix A's row`, () => {
      const { next, effects } = transition({ state: cell.state, approved: false }, cell.event);
      assert.deepEqual(next, { state: cell.next, approved: cell.rest.includes("approve") });
      assert.deepEqual(effects, expectedEffects(cell, false));
      assert.equal(
        hasPendingIn(next.state) && !hasPendingIn(cell.state),
        cell.rest.includes("store-request"),
        "a request is stored exactly where the fixture says so",
      );
      assert.equal(
        hasPendingIn(cell.state) && !hasPendingIn(next.state),
        cell.rest.includes("drop-request"),
        "a request is dropped exactly where the fixture says so",
      );
    });
  }

  test("a push follows exactly a visible change", () => {
    for (const table of [subscriptionTable, preApprovedTable]) {
      const before = table === preApprovedTable;
      for (const state of states) {
        for (const [event, { next, effects }] of Object.entries(table[state])) {
          const visible =
            subscriptionValue(state) !== subscriptionValue(next.state) ||
            hasPendingOut(state) !== hasPendingOut(next.state) ||
            before !== next.approved;
          const usedUp = event === "out:subscribed" && before;
          if (!usedUp)
            assert.equal(effects.includes("push-roster-item"), visible, `${event} in ${state}, ${before}`);
        }
      }
    }
  });
});

describe("pre-approval (section 3.4)", () => {
  const approvable = ["none", "none+pending-out", "to"] as const;
  const subscribed = ["from", "from+pending-out", "both"] as const;
  const asking = ["none+pending-in", "none+pending-out+in", "to+pending-in"] as const;

  for (const state of approvable) {
    test(`PA-05, PA-07: approving in ${state} sets the flag and routes nothing`, () => {
      assert.deepEqual(transition({ state, approved: false }, "out:subscribed"), {
        next: { state, approved: true },
        effects: ["push-roster-item"],
      });
    });
    test(`approving again in ${state} changes nothing`, () => {
      assert.deepEqual(transition({ state, approved: true }, "out:subscribed"), {
        next: { state, approved: true },
        effects: [],
      });
    });
    test(`PA-12, PA-13: cancelling in ${state} clears the flag and routes nothing`, () => {
      assert.deepEqual(transition({ state, approved: true }, "out:unsubscribed"), {
        next: { state, approved: false },
        effects: ["push-roster-item"],
      });
    });
  }

  test("PA-06: an unknown contact is in none and can be pre-approved", () => {
    assert.deepEqual(transition(noSubscription, "out:subscribed").next, { state: "none", approved: true });
  });

  test("PA-08 to PA-11: a request that meets the flag is answered, not delivered, and uses it up", () => {
    const outcomes = {
      none: "from",
      "none+pending-out": "from+pending-out",
      to: "both",
    } as const;
    for (const state of approvable) {
      assert.deepEqual(transition({ state, approved: true }, "in:subscribe"), {
        next: { state: outcomes[state], approved: false },
        effects: ["push-roster-item", "auto-reply-subscribed", "send-presence-to-contact"],
      });
    }
  });

  test("PA-03: approving a subscribed contact is ignored, with and without the flag", () => {
    for (const state of subscribed) {
      for (const approved of [false, true]) {
        assert.deepEqual(transition({ state, approved }, "out:subscribed"), {
          next: { state, approved },
          effects: [],
        });
      }
    }
  });

  test("PA-04: approving a contact that asks is an ordinary approval", () => {
    for (const state of asking) {
      for (const approved of [false, true]) {
        assert.deepEqual(
          transition({ state, approved }, "out:subscribed"),
          transition({ state, approved: false }, "out:subscribed"),
        );
      }
    }
  });

  test("PA-14: cancelling a subscribed contact is an ordinary cancellation and clears the flag", () => {
    for (const state of subscribed) {
      assert.deepEqual(
        transition({ state, approved: true }, "out:unsubscribed"),
        transition({ state, approved: false }, "out:unsubscribed"),
      );
    }
  });

  test("PA-17: no other event touches the flag, and all of them do what they do without it", () => {
    const others = [
      "out:subscribe",
      "out:unsubscribe",
      "in:subscribed",
      "in:unsubscribe",
      "in:unsubscribed",
    ] as const;
    for (const state of states) {
      for (const event of others) {
        const ordinary = transition({ state, approved: false }, event);
        const flagged = transition({ state, approved: true }, event);
        assert.deepEqual(flagged, { next: { ...ordinary.next, approved: true }, effects: ordinary.effects });
      }
    }
  });
});

describe("removal of a roster item (section 2.5)", () => {
  for (const state of states) {
    test(`in ${state} it ends what there is`, () => {
      const value = subscriptionValue(state);
      const { sendUnavailable, stanzas } = removalTable[state];
      const contactSubscribed = value === "from" || value === "both";
      assert.equal(sendUnavailable, contactSubscribed);
      assert.equal(
        stanzas.includes("unsubscribe"),
        value === "to" || value === "both" || hasPendingOut(state),
      );
      assert.equal(stanzas.includes("unsubscribed"), contactSubscribed || hasPendingIn(state));
      assert.equal(stanzas.indexOf("unsubscribe") <= 0, true, "unsubscribe comes first");
    });
  }
});

describe("the facets of a state", () => {
  test("they make up the state again", () => {
    for (const state of states) {
      assert.equal(
        subscriptionState(subscriptionValue(state), hasPendingOut(state), hasPendingIn(state)),
        state,
      );
    }
  });

  test("facets that the value answers do not count", () => {
    assert.equal(subscriptionState("both", true, true), "both");
    assert.equal(subscriptionState("to", true, false), "to");
    assert.equal(subscriptionState("from", false, true), "from");
  });
});
