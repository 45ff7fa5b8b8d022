/** What one session sends another arrives once and in the order it was sent, whatever kinds of stanza it is. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { eventually } from "@rollcall/testkit";
import { ChaosClient } from "../chaos/chaos-client.ts";
import { check } from "../chaos/checker/check.ts";
import type { Received, SentStanza } from "../chaos/checker/history.ts";
import { bareOf } from "../chaos/checker/sessions.ts";
import type { ChaosUser, ClusterUnderChaos } from "../chaos/cluster-under-chaos.ts";
import { type Pick, randomFrom, weighted } from "../chaos/random.ts";
import { Recorder } from "../chaos/recorder.ts";
import { report } from "../chaos/report.ts";
import { compositions } from "./compositions.ts";

const seed = Number(process.env.ORDER_SEED ?? 1);
const steps = 300;
const users: readonly ChaosUser[] = [
  { username: "romeo", friends: ["juliet"] },
  { username: "juliet", friends: ["romeo"] },
  { username: "benvolio", friends: ["mercutio"] },
  { username: "mercutio", friends: ["benvolio"] },
  { username: "nurse", friends: [] },
  { username: "peter", friends: [] },
];

/** Two clients, each on a node of its own where there are several. */
class Pair {
  static readonly all: Pair[] = [];
  readonly recorder = new Recorder();
  readonly one: ChaosClient;
  readonly other: ChaosClient;
  #sessions = 0;

  constructor(cluster: ClusterUnderChaos, one: string, other: string) {
    if (users.find(({ username }) => username === one)?.friends.includes(other)) {
      const accounts = [`${one}@${cluster.domain}`, `${other}@${cluster.domain}`] as const;
      this.recorder.add({ kind: "friends", accounts });
    }
    const client = (username: string, which: number): ChaosClient =>
      new ChaosClient({
        username,
        resource: "here",
        domain: cluster.domain,
        password: cluster.password,
        recorder: this.recorder,
        nextSession: () => {
          this.#sessions += 1;
          return this.#sessions;
        },
        node: () => cluster.nodes()[which % cluster.nodes().length],
      });
    this.one = client(one, 0);
    this.other = client(other, 1);
    Pair.all.push(this);
  }

  async come(): Promise<void> {
    this.one.come();
    this.other.come();
    await eventually("both are online", () => this.one.ready && this.other.ready);
  }

  leave(): void {
    this.one.leave("abrupt");
    this.other.leave("abrupt");
  }

  /** What one of them has sent that the other sees, by marker. */
  sent(from: ChaosClient, to: ChaosClient): string[] {
    const { events } = this.recorder;
    const bound = events.find((event) => event.kind === "bound" && event.jid === from.jid);
    const session = bound?.kind === "bound" ? bound.session : 0;
    return events.flatMap((event) => {
      if (event.kind !== "sent" || event.session !== session) return [];
      const { stanza } = event;
      if (stanza.what === "roster-set" || ("to" in stanza && bareOf(stanza.to ?? to.jid) !== to.account))
        return [];
      return [`${stanza.what} ${event.session}:${event.sequence}`];
    });
  }

  /** Whether every request has its answer. */
  isAnswered(): boolean {
    const waiting = new Set<string>();
    for (const event of this.recorder.events) {
      if (event.kind === "sent" && (event.stanza.what === "iq" || event.stanza.what === "roster-set"))
        waiting.add(`${event.session}:${event.sequence}`);
      else if (event.kind === "answered") waiting.delete(`${event.session}:${event.sequence}`);
    }
    return waiting.size === 0;
  }

  /** What has come to one of them from the other, by marker. */
  seen(by: ChaosClient, from: ChaosClient): string[] {
    const { events } = this.recorder;
    const sessions = new Set(
      events.flatMap((event) => (event.kind === "bound" && event.jid === by.jid ? [event.session] : [])),
    );
    return events
      .filter((event): event is Received => event.kind === "received" && sessions.has(event.session))
      .flatMap(({ stanza }) => {
        if (stanza.what === "push" || bareOf(stanza.from) !== from.account || stanza.marker === undefined)
          return [];
        return [`${stanza.what} ${stanza.marker.session}:${stanza.marker.sequence}`];
      });
  }
}

function anything(pick: Pick, to: ChaosClient, step: number): SentStanza {
  return weighted<SentStanza>(pick, [
    [4, { what: "message", to: to.jid }],
    [4, { what: "message", to: to.account }],
    [4, { what: "available" }],
    [2, { what: "available", to: to.jid }],
    [3, { what: "iq", to: to.jid }],
    [2, { what: "roster-set", contact: `stranger${pick(3)}.example.org`, name: `name ${step}` }],
  ]);
}

for (const composition of compositions) {
  describe(`order in ${composition.name}`, { skip: composition.missing() }, () => {
    let cluster: ClusterUnderChaos;
    before(async () => {
      cluster = await composition.start(users);
    });
    after(() => {
      for (const pair of Pair.all.splice(0)) pair.leave();
      return cluster.stop();
    });

    test("friends see messages, presence and requests of each other once and in order", async () => {
      const pair = new Pair(cluster, "romeo", "juliet");
      await pair.come();
      const { one, other } = pair;
      await eventually(
        "they see each other",
        () => pair.seen(one, other).length > 0 && pair.seen(other, one).length > 0,
      );
      const pick = randomFrom(seed);
      for (let step = 0; step < steps; step += 1) {
        const [from, to] = pick(2) === 0 ? [one, other] : [other, one];
        from.send(anything(pick, to, step));
        if (pick(10) === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      for (const [from, to] of [
        [one, other],
        [other, one],
      ] as const) {
        const sent = pair.sent(from, to);
        const last = sent.at(-1) ?? "";
        // What is told in answer to a request comes in its own time.
        await eventually(
          "all has come",
          () => pair.seen(to, from).includes(last) && pair.seen(to, from).length >= sent.length,
        );
        // The first presence is told to all, and once more to one who asks what is missed.
        const first = sent[0] ?? "";
        const withoutFirst = (list: readonly string[]): string[] => list.filter((entry) => entry !== first);
        assert.deepEqual(withoutFirst(pair.seen(to, from)), withoutFirst(sent));
      }
      await eventually("all is answered", () => pair.isAnswered());
      pair.leave();
      const { events } = pair.recorder;
      const findings = check(
        events.slice(
          0,
          events.findIndex((event) => event.kind === "ended"),
        ),
      );
      assert.deepEqual(
        findings.filter((finding) => finding.kind !== "missing"),
        [],
        report(events, findings),
      );
    });

    // In one process owners do not move.
    if (composition.name === "a cluster") {
      test("they do also while owners die and partitions move", async () => {
        const verbs = cluster.faults.filter(({ verb }) => verb === "killRoster" || verb === "killPresence");
        assert.equal(verbs.length, 2);
        const pair = new Pair(cluster, "benvolio", "mercutio");
        await pair.come();
        const { one, other } = pair;
        // What follows first presence leaves when that is done: had an owner to do it again, it would ask again for the
        // presence of the other, as it is then.
        for (const [from, to] of [
          [one, other],
          [other, one],
        ] as const)
          from.send({ what: "iq", to: to.jid });
        await eventually("both are there for good", () => pair.isAnswered());
        const pick = randomFrom(seed + 1);
        let isOver = false;
        const moving = (async () => {
          for (const { begin } of verbs) {
            const { end } = await begin(pick);
            await end();
          }
          isOver = true;
        })();
        for (let step = 0; !isOver; step += 1) {
          const [from, to] = pick(2) === 0 ? [one, other] : [other, one];
          from.send(anything(pick, to, step));
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        await moving;
        for (const [from, to] of [
          [one, other],
          [other, one],
        ] as const) {
          from.send({ what: "message", to: to.jid });
          const last = pair.sent(from, to).at(-1) ?? "";
          await eventually("the last has come", () => pair.seen(to, from).includes(last), 60_000);
          const first = pair.sent(from, to)[0] ?? "";
          const withoutFirst = (list: readonly string[]): string[] => list.filter((entry) => entry !== first);
          assert.deepEqual(withoutFirst(pair.seen(to, from)), withoutFirst(pair.sent(from, to)));
        }
        pair.leave();
      });
    }

    test("requests to subscribe, their withdrawal and messages between them come in order", async () => {
      const pair = new Pair(cluster, "nurse", "peter");
      await pair.come();
      const { one: nurse, other: peter } = pair;
      for (let round = 0; round < 10; round += 1) {
        nurse.send({ what: "subscription", type: "subscribe", to: peter.account });
        nurse.send({ what: "message", to: peter.jid });
        nurse.send({ what: "subscription", type: "unsubscribe", to: peter.account });
        nurse.send({ what: "available", to: peter.jid });
      }
      const sent = pair.sent(nurse, peter).slice(1);
      const last = sent.at(-1) ?? "";
      await eventually("the last has come", () => pair.seen(peter, nurse).includes(last));
      assert.deepEqual(pair.seen(peter, nurse), sent);
      pair.leave();
    });
  });
}
