import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BareJid } from "@rollcall/xmpp";
import { isDirectedTo, type PresenceResource, planAvailable, planUnavailable } from "./presence-plan.ts";

interface Resource extends PresenceResource {
  readonly name: string;
}

function resource(name: string, state: Partial<Omit<Resource, "name">> = {}): Resource {
  const available = state.available ?? false;
  return {
    name,
    available,
    getsPresence: available,
    inPresenceSession: available,
    priority: 0,
    directed: [],
    ...state,
  };
}

const juliet = "juliet@example.com" as BareJid;
const romeo = "romeo@example.net" as BareJid;
const nurse = "nurse@example.com" as BareJid;
const audience = { subscribers: [romeo, nurse], watched: [romeo] };

describe("initial presence", () => {
  const balcony = resource("balcony");
  const chamber = resource("chamber", { available: true });
  const pantry = resource("pantry");

  it("is reflected, sender first, then broadcast, and only then the new resource is told of others", () => {
    const steps = planAvailable(balcony, 0, [chamber, pantry, balcony], audience);
    assert.deepEqual(steps, [
      { kind: "reflect", to: [balcony, chamber] },
      { kind: "broadcast", to: [romeo, nurse] },
      { kind: "introduce", others: [chamber] },
      { kind: "probe", to: [romeo] },
      { kind: "replay-requests" },
    ]);
  });

  it("fetches offline messages when nobody took messages before", () => {
    const kinds = (priority: number, others: Resource[]): string[] =>
      planAvailable(balcony, priority, [balcony, ...others], audience).map((step) => step.kind);
    assert.ok(kinds(0, []).includes("deliver-offline"));
    assert.ok(kinds(5, [resource("chamber", { available: true, priority: -1 })]).includes("deliver-offline"));
    assert.ok(!kinds(-1, []).includes("deliver-offline"));
    assert.ok(!kinds(0, [chamber]).includes("deliver-offline"));
  });

  it("leaves out resources whose stream is gone", () => {
    const gone = resource("gone", { available: false, inPresenceSession: true });
    const steps = planAvailable(balcony, 0, [gone, balcony], audience);
    assert.deepEqual(steps[0], { kind: "reflect", to: [balcony] });
  });
});

describe("a resource that is about to be available", () => {
  const pantry = resource("pantry", { getsPresence: true });

  it("is told of the others, and takes no messages yet", () => {
    const balcony = resource("balcony");
    const steps = planAvailable(balcony, 0, [balcony, pantry], audience);
    assert.deepEqual(steps[0], { kind: "reflect", to: [balcony, pantry] });
    assert.deepEqual(steps[2], { kind: "introduce", others: [] });
    assert.ok(steps.some((step) => step.kind === "deliver-offline"));
  });

  it("is told when one of them goes", () => {
    const balcony = resource("balcony", { available: true });
    const steps = planUnavailable(balcony, false, juliet, [balcony, pantry], audience);
    assert.deepEqual(steps[0], { kind: "reflect", to: [pantry] });
  });
});

describe("subsequent presence", () => {
  it("is reflected and broadcast, without probes or replays", () => {
    const balcony = resource("balcony", { available: true });
    assert.deepEqual(planAvailable(balcony, 3, [balcony], audience), [
      { kind: "reflect", to: [balcony] },
      { kind: "broadcast", to: [romeo, nurse] },
    ]);
  });

  it("fetches offline messages when the priority stops being negative", () => {
    const balcony = resource("balcony", { available: true, priority: -5 });
    assert.equal(planAvailable(balcony, 0, [balcony], audience).at(-1)?.kind, "deliver-offline");
    assert.notEqual(planAvailable(balcony, -1, [balcony], audience).at(-1)?.kind, "deliver-offline");
  });
});

describe("unavailable presence", () => {
  it("comes back to the sender that is still connected, and goes to subscribers", () => {
    const balcony = resource("balcony", { available: true });
    const chamber = resource("chamber", { available: true });
    assert.deepEqual(planUnavailable(balcony, true, juliet, [chamber, balcony], audience), [
      { kind: "reflect", to: [balcony, chamber] },
      { kind: "broadcast", to: [romeo, nurse] },
    ]);
    assert.deepEqual(planUnavailable(balcony, false, juliet, [chamber, balcony], audience)[0], {
      kind: "reflect",
      to: [chamber],
    });
  });

  it("goes to targets of directed presence that the broadcast does not reach", () => {
    const directed = [
      "room@chat.example.com/jules",
      "romeo@example.net/orchard",
      "paris@example.com",
      juliet,
    ];
    const balcony = resource("balcony", { available: true, directed });
    assert.deepEqual(planUnavailable(balcony, false, juliet, [balcony], audience).at(-1), {
      kind: "end-directed",
      to: ["room@chat.example.com/jules", "paris@example.com"],
    });
  });

  it("of a resource that was only connected goes to all targets of its directed presence and nobody else", () => {
    const balcony = resource("balcony", { directed: ["romeo@example.net/orchard"] });
    assert.deepEqual(planUnavailable(balcony, false, juliet, [balcony], audience), [
      { kind: "end-directed", to: ["romeo@example.net/orchard"] },
    ]);
    assert.deepEqual(planUnavailable(resource("pantry"), true, juliet, [], audience), []);
  });

  it("is still owed by a resource whose stream is gone", () => {
    const gone = resource("balcony", { available: false, inPresenceSession: true });
    assert.deepEqual(planUnavailable(gone, false, juliet, [gone], audience), [
      { kind: "reflect", to: [] },
      { kind: "broadcast", to: [romeo, nurse] },
    ]);
  });
});

describe("directed presence", () => {
  it("speaks to its very target, and to the resources of a bare one", () => {
    assert.ok(isDirectedTo("romeo@example.net", "romeo@example.net"));
    assert.ok(isDirectedTo("romeo@example.net", "romeo@example.net/orchard"));
    assert.ok(isDirectedTo("romeo@example.net/orchard", "romeo@example.net/orchard"));
    assert.ok(!isDirectedTo("romeo@example.net/orchard", "romeo@example.net"));
    assert.ok(!isDirectedTo("romeo@example.net/orchard", "romeo@example.net/orchard2"));
    assert.ok(!isDirectedTo("romeo@example.net", "romeo@example.network"));
  });
});
