import assert from "node:assert/strict";
import { test } from "node:test";
import { oneOf, type Pick, randomFrom } from "../random.ts";
import { check } from "./check.ts";
import type { HistoryEvent, Received } from "./history.ts";
import { cleanHistory } from "./perfect-server.ts";

const runs = Number(process.env.CHECKER_RUNS ?? 300);
const steps = 120;

test("what a server without fault leaves is clean", () => {
  for (let seed = 1; seed <= runs; seed += 1) {
    assert.deepEqual(check(cleanHistory(randomFrom(seed), steps)), [], `seed ${seed}`);
  }
});

/** Events without which, with which twice, or with which exchanged a history is wrong. */
function received(events: readonly HistoryEvent[], what: readonly string[]): number[] {
  return events.flatMap((event, i) =>
    event.kind === "received" && what.includes(event.stanza.what) ? [i] : [],
  );
}

/** Sessions that are there at the end. */
function remaining(events: readonly HistoryEvent[]): Set<number> {
  const sessions = new Set(events.flatMap((event) => (event.kind === "bound" ? [event.session] : [])));
  for (const event of events) if (event.kind === "ended") sessions.delete(event.session);
  return sessions;
}

/** Whether it was sent to this session, and not to its account, of which another session may have had it before. */
function isToSession(events: readonly HistoryEvent[], event: HistoryEvent | undefined): boolean {
  if (event?.kind !== "received" || event.stanza.what === "push") return false;
  const { marker } = event.stanza;
  return events.some(
    (one) =>
      one.kind === "sent" &&
      one.session === marker?.session &&
      one.sequence === marker.sequence &&
      (one.stanza.what === "iq" || (one.stanza.what === "message" && one.stanza.to.includes("/"))),
  );
}

interface Mutation {
  readonly title: string;
  /** Indexes of events that it can be done to. */
  targets(events: readonly HistoryEvent[]): number[];
  apply(events: HistoryEvent[], index: number): void;
}

const drop = (events: HistoryEvent[], index: number): void => {
  events.splice(index, 1);
};

/** The same event once more, right after the first. */
const repeat = (events: HistoryEvent[], index: number): void => {
  const event = events[index];
  if (event !== undefined) events.splice(index, 0, event);
};

/** Whether it answers a request to somebody who left about then: such a one may stay without an answer. */
function wasToLeaver(events: readonly HistoryEvent[], answer: HistoryEvent): boolean {
  const asked = events.find(
    (one) =>
      one.kind === "sent" &&
      answer.kind === "answered" &&
      one.session === answer.session &&
      one.sequence === answer.sequence,
  );
  if (asked?.kind !== "sent" || asked.stanza.what !== "iq") return false;
  const { to } = asked.stanza;
  const sessions = events.flatMap((one) => (one.kind === "bound" && one.jid === to ? [one.session] : []));
  return events.some((one) => one.kind === "ended" && sessions.includes(one.session));
}

const mutations: readonly Mutation[] = [
  {
    title: "a dropped request's answer or acknowledged change",
    targets: (events) => {
      const there = remaining(events);
      const isJudged = (event: HistoryEvent): boolean =>
        event.kind === "answered" && there.has(event.session) && !wasToLeaver(events, event);
      return events.flatMap((event, i) => (isJudged(event) ? [i] : []));
    },
    apply: drop,
  },
  {
    title: "a dropped message to a session that stayed",
    targets: (events) => {
      const there = remaining(events);
      return received(events, ["message"]).filter((i) => {
        const event = events[i] as Received;
        if (event.stanza.what !== "message" || !there.has(event.session)) return false;
        const { session, sequence } = event.stanza.marker;
        const sent = events.find(
          (one) => one.kind === "sent" && one.session === session && one.sequence === sequence,
        );
        if (sent?.kind !== "sent" || sent.stanza.what !== "message") return false;
        return there.has(session) && sent.stanza.to.includes("/");
      });
    },
    apply: drop,
  },
  {
    title: "a doubled message, request, push or unavailable",
    targets: (events) => received(events, ["message", "iq", "push", "unavailable"]),
    apply: repeat,
  },
  {
    title: "two stanzas of one session to another in the wrong order",
    targets: (events) =>
      received(events, ["message", "iq"]).filter((i) => {
        const next = following(events, i);
        return next !== undefined && [i, next].every((one) => isToSession(events, events[one]));
      }),
    apply: (events, index) => {
      const next = following(events, index);
      const [one, other] = [events[index], next === undefined ? undefined : events[next]];
      if (one === undefined || other === undefined || next === undefined) return;
      events[index] = { ...other, at: one.at } as HistoryEvent;
      events[next] = { ...one, at: other.at } as HistoryEvent;
    },
  },
  {
    title: "a dropped unavailable at one who stayed, of one who did not come back",
    targets: (events) => {
      const there = remaining(events);
      return received(events, ["unavailable"]).filter((i) => {
        const { session, stanza } = events[i] as Received;
        if (stanza.what !== "unavailable" || !there.has(session)) return false;
        return !events.some((one, j) => j > i && one.kind === "bound" && one.jid === stanza.from);
      });
    },
    apply: drop,
  },
  {
    title: "an acknowledged name that is another at the end",
    targets: (events) =>
      events.flatMap((event, i) =>
        event.kind === "roster" && event.items.some((item) => item.contact.endsWith("elsewhere.org"))
          ? [i]
          : [],
      ),
    apply: (events, index) => {
      const event = events[index];
      if (event?.kind !== "roster") return;
      events[index] = {
        ...event,
        items: event.items.filter((item) => !item.contact.endsWith("elsewhere.org")),
      };
    },
  },
];

/** The next message or request of the same session to the same session. */
function following(events: readonly HistoryEvent[], index: number): number | undefined {
  const event = events[index] as Received;
  if (event.stanza.what === "push") return undefined;
  const sender = event.stanza.marker?.session;
  const next = events.findIndex(
    (one, j) =>
      j > index &&
      one.kind === "received" &&
      one.session === event.session &&
      (one.stanza.what === "message" || one.stanza.what === "iq") &&
      one.stanza.marker.session === sender,
  );
  return next < 0 ? undefined : next;
}

function mutate(events: readonly HistoryEvent[], mutation: Mutation, pick: Pick): HistoryEvent[] | undefined {
  const targets = mutation.targets(events);
  if (targets.length === 0) return undefined;
  const copy = [...events];
  mutation.apply(copy, oneOf(pick, targets));
  return copy;
}

for (const mutation of mutations) {
  test(`${mutation.title} is found in any history`, () => {
    let done = 0;
    for (let seed = 1; seed <= runs; seed += 1) {
      const pick = randomFrom(seed);
      const mutated = mutate(cleanHistory(pick, steps), mutation, pick);
      if (mutated === undefined) continue;
      done += 1;
      assert.notDeepEqual(check(mutated), [], `seed ${seed}`);
    }
    assert.ok(done > runs / 4, `only ${done} histories had a place for it`);
  });
}
