import assert from "node:assert/strict";
import { test } from "node:test";
import { check } from "./check.ts";
import type { HistoryEvent, ReceivedStanza, SentStanza } from "./history.ts";

const romeo = "romeo@example.org/orchard";
const juliet = "juliet@example.org/balcony";

/** Romeo is session 1, Juliet session 2; both are friends, online on different nodes, and see each other. */
class Scene {
  readonly events: HistoryEvent[] = [];
  #at = 0;

  constructor() {
    this.events.push({ kind: "friends", at: 0, accounts: ["romeo@example.org", "juliet@example.org"] });
    this.bind(1, romeo, "node-1").bind(2, juliet, "node-2");
    this.sends(1, 1, { what: "available" }).sends(2, 1, { what: "available" });
    for (const reader of [1, 2]) {
      this.gets(reader, { what: "available", from: romeo, marker: { session: 1, sequence: 1 } });
      this.gets(reader, { what: "available", from: juliet, marker: { session: 2, sequence: 1 } });
    }
  }

  after(ms: number): this {
    this.#at += ms;
    return this;
  }

  bind(session: number, jid: string, node: string): this {
    return this.#add({ kind: "bound", at: this.#at, session, jid, node });
  }

  sends(session: number, sequence: number, stanza: SentStanza): this {
    return this.#add({ kind: "sent", at: this.#at, session, sequence, stanza });
  }

  gets(session: number, stanza: ReceivedStanza): this {
    return this.#add({ kind: "received", at: this.#at, session, stanza });
  }

  answer(session: number, sequence: number, condition?: string): this {
    const outcome = condition === undefined ? "result" : "error";
    const event = { kind: "answered", at: this.#at, session, sequence, outcome } as const;
    return this.#add(condition === undefined ? event : { ...event, condition });
  }

  ends(session: number, how: "graceful" | "abrupt" | "cut" = "abrupt"): this {
    return this.#add({ kind: "ended", at: this.#at, session, how });
  }

  fault(verb: string, target: string, ms = 0): this {
    return this.#add({ kind: "fault", at: this.#at, verb, target, until: this.#at + ms });
  }

  message(sequence: number): ReceivedStanza {
    return { what: "message", from: romeo, marker: { session: 1, sequence } };
  }

  /** The rosters as two friends have them, with a name that Romeo has for Juliet. */
  rosters(options: { name?: string; subscription?: string; stranger?: string } = {}): this {
    const item = { name: undefined, subscription: "both", asks: false };
    const stranger = { contact: "nurse@elsewhere.org", subscription: "none", asks: false };
    this.#add({
      kind: "roster",
      at: this.#at,
      account: "romeo@example.org",
      items: [
        { ...item, contact: "juliet@example.org", name: options.name },
        ...(options.stranger === undefined ? [] : [{ ...stranger, name: options.stranger }]),
      ],
      requests: [],
    });
    return this.#add({
      kind: "roster",
      at: this.#at,
      account: "juliet@example.org",
      items: [{ ...item, contact: "romeo@example.org", subscription: options.subscription ?? "both" }],
      requests: [],
    });
  }

  #add(event: HistoryEvent): this {
    this.#at += 1;
    this.events.push(event);
    return this;
  }

  found(): string[] {
    return check(this.events).map((finding) => finding.kind);
  }
}

const toJuliet = { what: "message", to: juliet } as const;
const nurse = { what: "roster-set", contact: "nurse@elsewhere.org" } as const;

test("two friends who see each other and end are a clean history", () => {
  const scene = new Scene().sends(1, 2, toJuliet).after(5).gets(2, new Scene().message(2)).rosters();
  scene.ends(1).gets(2, { what: "unavailable", from: romeo }).after(60_000).rosters();
  assert.deepEqual(check(scene.events), []);
});

test("a message that nobody saw and no error came for is lost", () => {
  assert.deepEqual(new Scene().sends(1, 2, toJuliet).after(60_000).rosters().found(), ["lost"]);
});

test("a message that came back as an error is not lost", () => {
  const scene = new Scene().sends(1, 2, toJuliet).answer(1, 2, "service-unavailable").after(60_000).rosters();
  assert.deepEqual(scene.found(), []);
});

test("a message to one who was cut off may be lost", () => {
  const scene = new Scene().sends(1, 2, toJuliet).ends(2, "cut");
  assert.deepEqual(scene.gets(1, { what: "unavailable", from: juliet }).after(60_000).rosters().found(), []);
});

test("a message to an account may be lost with the session that it was given to", () => {
  const scene = new Scene().bind(3, "juliet@example.org/garden", "node-2").sends(3, 1, { what: "available" });
  const garden = "juliet@example.org/garden";
  for (const reader of [1, 2, 3]) {
    scene.gets(reader, { what: "available", from: garden, marker: { session: 3, sequence: 1 } });
  }
  for (const [session, from] of [
    [1, romeo],
    [2, juliet],
  ] as const) {
    scene.gets(3, { what: "available", from, marker: { session, sequence: 1 } });
  }
  scene.sends(1, 2, { what: "message", to: "juliet@example.org" });
  const stayed = [...scene.events];
  scene.ends(3, "cut");
  for (const reader of [1, 2]) scene.gets(reader, { what: "unavailable", from: garden });
  assert.deepEqual(scene.after(60_000).rosters().found(), []);
  scene.events.splice(0, scene.events.length, ...stayed);
  assert.deepEqual(scene.after(60_000).rosters().found(), ["lost"]);
});

test("a message seen twice at one resource is doubled", () => {
  const scene = new Scene().sends(1, 2, toJuliet);
  assert.deepEqual(scene.gets(2, scene.message(2)).gets(2, scene.message(2)).found(), ["doubled"]);
});

test("a message that overtook another is reordered", () => {
  const scene = new Scene().sends(1, 2, toJuliet).sends(1, 3, toJuliet);
  assert.deepEqual(scene.gets(2, scene.message(3)).gets(2, scene.message(2)).found(), ["reordered"]);
});

test("a message to an account may come after others when a session that had it is gone, and only then", () => {
  const toAccount = { what: "message", to: "juliet@example.org" } as const;
  const told = (leaves: boolean): string[] => {
    const scene = new Scene().bind(3, "juliet@example.org/chamber", "node-1");
    scene.sends(1, 2, toAccount).sends(1, 3, toJuliet);
    if (leaves) scene.ends(3);
    return scene.gets(2, scene.message(3)).gets(2, scene.message(2)).found();
  };
  assert.deepEqual(told(true), []);
  assert.deepEqual(told(false), ["reordered"]);
});

test("a presence that a message overtook is reordered", () => {
  const scene = new Scene().after(1).sends(1, 2, { what: "available" }).sends(1, 3, toJuliet);
  const presence = { what: "available", from: romeo, marker: { session: 1, sequence: 2 } } as const;
  scene.gets(1, presence).gets(2, scene.message(3)).gets(2, presence);
  assert.deepEqual(scene.found(), ["reordered"]);
});

test("a request without an answer is lost, and with two answers doubled", () => {
  const request = { what: "iq", to: juliet } as const;
  assert.deepEqual(new Scene().sends(1, 2, request).after(60_000).rosters().found(), ["lost"]);
  assert.deepEqual(new Scene().sends(1, 2, request).answer(1, 2).answer(1, 2).found(), ["doubled"]);
});

test("unavailable of a session that never ended is flicker", () => {
  const scene = new Scene().gets(2, { what: "unavailable", from: romeo });
  scene.gets(2, { what: "available", from: romeo, marker: { session: 1, sequence: 1 } });
  assert.deepEqual(scene.found(), ["flicker"]);
});

test("a second unavailable for one end is doubled", () => {
  const scene = new Scene().ends(1).after(3_000);
  const gone = { what: "unavailable", from: romeo } as const;
  assert.deepEqual(scene.gets(2, gone).gets(2, gone).found(), ["doubled"]);
});

test("unavailable of a session on a frozen node comes before its client knows", () => {
  const scene = new Scene().fault("freeze", "node-1", 20_000).after(6_000);
  scene.gets(2, { what: "unavailable", from: romeo }).after(15_000).ends(1, "cut");
  assert.deepEqual(scene.found(), []);
});

test("unavailable more than ten seconds after the death of a node is late", () => {
  const scene = new Scene().fault("killNode", "node-1").ends(1, "cut").after(12_000);
  assert.deepEqual(scene.gets(2, { what: "unavailable", from: romeo }).found(), ["late"]);
});

test("one who is shown available at the end without a session is a ghost", () => {
  assert.deepEqual(new Scene().ends(1).after(60_000).rosters().found(), ["ghost"]);
});

test("one who is available at the end and not seen is missing", () => {
  const scene = new Scene().ends(1).gets(2, { what: "unavailable", from: romeo });
  scene.bind(3, romeo, "node-2").sends(3, 1, { what: "available" });
  scene.gets(3, { what: "available", from: romeo, marker: { session: 3, sequence: 1 } });
  scene.gets(3, { what: "available", from: juliet, marker: { session: 2, sequence: 1 } });
  assert.deepEqual(scene.found(), ["missing"]);
});

test("a last presence other than the one sent last is stale", () => {
  const scene = new Scene().sends(1, 2, { what: "available" });
  scene.gets(1, { what: "available", from: romeo, marker: { session: 1, sequence: 2 } });
  assert.deepEqual(scene.found(), ["stale"]);
});

test("an acknowledged roster change that is not there at the end is lost", () => {
  const scene = new Scene()
    .sends(1, 2, { ...nurse, name: "Angelica" })
    .answer(1, 2)
    .after(60_000)
    .rosters();
  assert.deepEqual(scene.found(), ["lost"]);
});

test("a change that was replaced by an acknowledged one does not come back", () => {
  const scene = new Scene().sends(1, 2, { ...nurse, name: "Angelica" }).answer(1, 2);
  scene
    .sends(1, 3, { ...nurse, name: "Nurse" })
    .answer(1, 3)
    .after(60_000);
  assert.deepEqual(scene.rosters({ stranger: "Angelica" }).found(), ["lost"]);
});

test("a roster change without an answer may or may not have happened", () => {
  for (const stranger of [undefined, "Angelica"]) {
    const scene = new Scene().sends(1, 2, { ...nurse, name: "Angelica" }).ends(1, "cut");
    scene.gets(2, { what: "unavailable", from: romeo }).after(60_000);
    assert.deepEqual(scene.rosters(stranger === undefined ? {} : { stranger }).found(), []);
  }
});

test("rosters that disagree about a subscription are found", () => {
  assert.deepEqual(new Scene().rosters({ subscription: "from" }).found(), ["disagreement"]);
});

test("a push seen twice is doubled, an older one after a newer reordered, and a wrong last one stale", () => {
  const item = { contact: "juliet@example.org", name: "Jule", subscription: "both", asks: false };
  const push = (version: string): ReceivedStanza => ({ what: "push", version, item });
  const rosters = { name: "Jule" };
  const named = { what: "roster-set", contact: "juliet@example.org", name: "Jule" } as const;
  const scene = (): Scene => new Scene().sends(1, 2, named).answer(1, 2);
  assert.deepEqual(scene().gets(1, push("7")).gets(1, push("8")).rosters(rosters).found(), []);
  assert.deepEqual(scene().gets(1, push("7")).gets(1, push("7")).rosters(rosters).found(), ["doubled"]);
  assert.deepEqual(scene().gets(1, push("8")).gets(1, push("7")).rosters(rosters).found(), ["reordered"]);
  assert.deepEqual(new Scene().gets(1, push("7")).rosters().found(), ["stale"]);
  const other = {
    what: "push",
    version: "8",
    item: { ...item, contact: "nurse@elsewhere.org", subscription: "none" },
  } as const;
  const late = scene().gets(1, push("8")).gets(1, other);
  assert.deepEqual(late.rosters({ ...rosters, stranger: "Jule" }).found(), []);
});

test("an answer that took longer than an operation may is late, except while something was away", () => {
  const slow = (scene: Scene): string[] =>
    scene
      .sends(1, 2, { ...nurse, name: "A" })
      .after(40_000)
      .answer(1, 2)
      .rosters({ stranger: "A" })
      .found();
  assert.deepEqual(slow(new Scene()), ["late"]);
  assert.deepEqual(slow(new Scene().fault("stopNats", "nats", 30_000)), []);
});
