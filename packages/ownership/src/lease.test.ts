/**
 * The rules of leases against a simulated bucket, network and clocks. Every run is made from its seed:
 * LEASE_RUNS says how many, LEASE_SEED where they begin.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assignedTo } from "./assignment.ts";
import { Lease } from "./lease.ts";
import type { LeaseAction, LeaseEntry, LeaseResult, LeaseRules } from "./lease-actions.ts";
import { claimKey, decodeRecord, memberKey, parseLeaseKey } from "./lease-records.ts";
import { OwnerTable } from "./owner-table.ts";

const PARTITIONS = 4;
const TTL = 3_000;
const TICK = 100;
const times = {
  ttlMs: TTL,
  renewMs: 600,
  retryMs: 150,
  pingMs: 100,
  reconnectGraceMs: 1_000,
  handOverMs: 500,
};

type Random = () => number;

function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Things to happen, in the order of their time. */
class Agenda {
  readonly #heap: { at: number; order: number; run: () => void }[] = [];
  #order = 0;
  now = 0;

  after(ms: number, run: () => void): void {
    const heap = this.#heap;
    this.#order += 1;
    heap.push({ at: this.now + ms, order: this.#order, run });
    let i = heap.length - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.#before(i, parent)) break;
      this.#swap(i, parent);
      i = parent;
    }
  }

  runUntil(end: number, check: () => void): void {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.at > end) break;
      this.now = first.at;
      this.#removeFirst();
      first.run();
      check();
    }
    this.now = end;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    let i = 0;
    for (;;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) {
        if (child < heap.length && this.#before(child, least)) least = child;
      }
      if (least === i) return;
      this.#swap(i, least);
      i = least;
    }
  }

  #before(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (x === undefined || y === undefined) return false;
    return x.at < y.at || (x.at === y.at && x.order < y.order);
  }

  #swap(a: number, b: number): void {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (x === undefined || y === undefined) return;
    this.#heap[a] = y;
    this.#heap[b] = x;
  }
}

/** Which faults the world has, as parts of one. */
interface Weather {
  /** Requests to the bucket that fail, half of them performed nevertheless, at once or late. */
  readonly failing: number;
  /** Pings of a living instance that come back as `no responders`. */
  readonly falseMisses: number;
}

const fair: Weather = { failing: 0, falseMisses: 0 };

class Instance {
  readonly lease: Lease;
  /** What it would tell a sender. */
  readonly owners = new OwnerTable(PARTITIONS);
  readonly name: string;
  readonly rate: number;
  readonly offset: number;
  crashed = false;
  frozen = false;
  connected = true;
  /** Its watch works: some time after it is connected again. */
  hears = true;
  /** Changes of the bucket that come when its watch works again. */
  backlog: (() => void)[] = [];
  /** What arrived while it was frozen. */
  inbox: (() => void)[] = [];
  /** Of what is under way to it, in order. */
  lastWatchAt = 0;
  /** When, by its own clock, the last membership write began that the bucket took. */
  renewedAt = Number.NEGATIVE_INFINITY;

  constructor(rules: LeaseRules, rate: number, offset: number) {
    this.lease = new Lease(rules);
    this.name = rules.instance;
    this.rate = rate;
    this.offset = offset;
  }
}

class World {
  readonly agenda = new Agenda();
  readonly random: Random;
  readonly instances: Instance[] = [];
  weather: Weather = fair;
  leaderGone = false;
  /** Who acted under which epoch. */
  readonly epochs = new Map<number, string>();
  checkExclusive = true;
  readonly #entries = new Map<string, { revision: number; value: string | undefined }>();
  #revision = 0;

  constructor(seed: number) {
    this.random = randomFrom(seed);
  }

  between(low: number, high: number): number {
    return low + this.random() * (high - low);
  }

  start(name: string, rate = 1): Instance {
    const rules: LeaseRules = { instance: name, partitions: PARTITIONS, ...times };
    const instance = new Instance(rules, rate, this.between(0, 1e6));
    this.instances.push(instance);
    for (const [key, { revision, value }] of [...this.#entries].sort(
      (a, b) => a[1].revision - b[1].revision,
    )) {
      const entry = entryOf(key, revision, value);
      instance.owners.seen(key, entry);
      this.#act(instance, instance.lease.seen(this.clockOf(instance), key, entry));
    }
    this.#act(instance, instance.lease.watching(this.clockOf(instance)));
    const tick = (): void => {
      if (instance.crashed || instance.lease.isGone) return;
      if (!instance.frozen) this.#act(instance, instance.lease.tick(this.clockOf(instance)));
      this.agenda.after(TICK / instance.rate, tick);
    };
    tick();
    return instance;
  }

  clockOf(instance: Instance): number {
    return instance.offset + this.agenda.now * instance.rate;
  }

  crash(instance: Instance): void {
    instance.crashed = true;
  }

  freeze(instance: Instance, ms: number): void {
    if (instance.frozen) return;
    instance.frozen = true;
    this.agenda.after(ms, () => {
      instance.frozen = false;
      const inbox = instance.inbox;
      instance.inbox = [];
      for (const arrived of inbox) if (!instance.crashed) arrived();
    });
  }

  /** Cuts it off from NATS. NATS knows at once, it knows late or never; what it wants to send may wait until it is back. */
  disconnect(instance: Instance, ms: number): void {
    if (!instance.connected) return;
    instance.connected = false;
    instance.hears = false;
    const told = (change: "lost" | "back"): void =>
      this.#act(instance, instance.lease.connectionChanged(this.clockOf(instance), change));
    this.agenda.after(this.between(0, 200), () =>
      this.#arrive(instance, () => {
        if (!instance.connected) told("lost");
      }),
    );
    this.agenda.after(ms, () =>
      this.#arrive(instance, () => {
        instance.connected = true;
        told("back");
        this.agenda.after(this.between(0.1, 400), () =>
          this.#arrive(instance, () => this.#catchUp(instance)),
        );
      }),
    );
  }

  release(instance: Instance): void {
    this.#act(instance, instance.lease.release(this.clockOf(instance)));
  }

  /** Runs for a while and holds what must always hold. */
  run(ms: number): void {
    this.agenda.runUntil(this.agenda.now + ms, () => this.#check());
  }

  living(): Instance[] {
    return this.instances.filter((instance) => !instance.crashed && !instance.lease.isGone);
  }

  ownersOf(partition: number): { instance: Instance; epoch: number }[] {
    const owners: { instance: Instance; epoch: number }[] = [];
    for (const instance of this.instances) {
      if (instance.crashed || instance.frozen) continue;
      const epoch = instance.lease.epochOf(partition, this.clockOf(instance));
      if (epoch !== undefined) owners.push({ instance, epoch });
    }
    return owners;
  }

  /** Every partition is owned by whom it is assigned to, and everybody knows. */
  isSettled(): boolean {
    const living = this.living();
    const names = living.map((instance) => instance.name);
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const owners = this.ownersOf(partition);
      const owner = owners[0];
      if (owners.length !== 1 || owner?.instance.name !== assignedTo(partition, names)) return false;
      for (const { owners } of living) {
        const located = owners.ownerOf(partition);
        if (located?.instanceId !== owner?.instance.name || located?.epoch !== owner?.epoch) return false;
      }
    }
    return true;
  }

  #check(): void {
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const owners = this.ownersOf(partition);
      const newest = Math.max(...owners.map((owner) => owner.epoch));
      // An older epoch is refused by whoever knows the newer one; only who cannot learn of that acts under it.
      const stale = owners.find(({ instance, epoch }) => epoch < newest && instance.connected);
      if (this.checkExclusive && stale !== undefined) {
        assert.fail(`partition ${partition}: ${owners.map((owner) => owner.instance.name).join(" and ")}`);
      }
      for (const { instance, epoch } of owners) {
        // Revisions of the bucket are unique, so an epoch names its partition too.
        const holder = this.epochs.get(epoch);
        if (holder === undefined) this.epochs.set(epoch, instance.name);
        else if (holder !== instance.name) assert.fail(`epoch ${epoch} of ${partition} acted by two`);
        if (this.clockOf(instance) >= instance.renewedAt + 0.8 * TTL) {
          assert.fail(`${instance.name} acts too long`);
        }
      }
    }
  }

  /** The watch works again, unless the connection is lost once more. */
  #catchUp(instance: Instance): void {
    if (!instance.connected) return;
    instance.hears = true;
    const backlog = instance.backlog;
    instance.backlog = [];
    for (const change of backlog) change();
  }

  #arrive(instance: Instance, run: () => void): void {
    if (instance.crashed) return;
    if (instance.frozen) instance.inbox.push(() => run());
    else run();
  }

  #act(instance: Instance, actions: readonly LeaseAction[]): void {
    for (const action of actions) {
      switch (action.kind) {
        case "write":
          this.#request(instance, action.key, () => this.#write(action.key, action.revision, action.value));
          break;
        case "delete":
          this.#request(instance, action.key, () => this.#write(action.key, action.revision, undefined));
          break;
        case "read":
          this.#request(instance, action.key, () => {
            const entry = this.#entries.get(action.key);
            return { kind: "entry", entry: entryOf(action.key, entry?.revision ?? 0, entry?.value) };
          });
          break;
        case "ping":
          this.#ping(instance, action.instance);
          break;
        case "lost":
          if (!action.handOver) break;
          this.agenda.after(this.between(0, 50), () =>
            this.#arrive(instance, () =>
              this.#act(instance, instance.lease.drained(this.clockOf(instance), action.partition)),
            ),
          );
          break;
      }
    }
  }

  #request(instance: Instance, key: string, perform: () => LeaseResult): void {
    const answer = (result: LeaseResult): void => {
      this.agenda.after(this.between(0.1, 5), () =>
        this.#arrive(instance, () => {
          const heard: LeaseResult = instance.connected ? result : { kind: "failed" };
          this.#act(instance, instance.lease.finished(this.clockOf(instance), key, heard));
        }),
      );
    };
    const began = this.clockOf(instance);
    const performNow = (): LeaseResult => {
      const result = perform();
      if (
        result.kind === "written" &&
        key === memberKey(instance.name) &&
        this.#entries.get(key)?.value !== undefined
      ) {
        instance.renewedAt = Math.max(instance.renewedAt, began);
      }
      return result;
    };
    this.agenda.after(this.between(0.1, 5), () => {
      const isCutOff = this.leaderGone || !instance.connected;
      if (isCutOff || this.random() < this.weather.failing) {
        const performed = this.random();
        if (performed < 0.25 && !isCutOff) performNow();
        // A message that waited in a socket or a queue arrives long after its sender gave up.
        else if (performed < 0.5) this.agenda.after(this.between(1, 2 * TTL), performNow);
        this.agenda.after(this.between(0, 300), () => answer({ kind: "failed" }));
      } else answer(performNow());
    });
  }

  #write(key: string, revision: number, value: string | undefined): LeaseResult {
    if ((this.#entries.get(key)?.revision ?? 0) !== revision) return { kind: "conflict" };
    this.#revision += 1;
    const entry = { revision: this.#revision, value };
    this.#entries.set(key, entry);
    for (const instance of this.instances) {
      if (instance.crashed) continue;
      const at = Math.max(
        instance.lastWatchAt,
        this.agenda.now + this.between(0.1, this.random() < 0.02 ? 400 : 5),
      );
      instance.lastWatchAt = at;
      this.agenda.after(at - this.agenda.now, () =>
        this.#arrive(instance, () => {
          const seen = entryOf(key, entry.revision, entry.value);
          const deliver = (): void => {
            instance.owners.seen(key, seen);
            this.#act(instance, instance.lease.seen(this.clockOf(instance), key, seen));
          };
          if (instance.hears) deliver();
          else instance.backlog.push(deliver);
        }),
      );
    }
    return { kind: "written", revision: entry.revision };
  }

  #ping(asker: Instance, name: string): void {
    const target = this.instances.find((instance) => instance.name === name);
    const gone = target === undefined || target.crashed || target.lease.isGone;
    const missed = gone || !target.connected || this.random() < this.weather.falseMisses;
    const outcome = !asker.connected
      ? "unknown"
      : missed
        ? "no-responders"
        : target.frozen
          ? "unknown"
          : "there";
    this.agenda.after(outcome === "unknown" ? 1_000 : this.between(0.1, 5), () =>
      this.#arrive(asker, () => this.#act(asker, asker.lease.pinged(this.clockOf(asker), name, outcome))),
    );
  }
}

function entryOf(key: string, revision: number, value: string | undefined): LeaseEntry {
  const parsed = parseLeaseKey(key);
  const record = parsed === undefined || value === undefined ? undefined : decodeRecord(parsed, value);
  return { revision, record };
}

/** A world of faults, then peace: never two owners, and in the end every partition owned. */
function stormyRun(seed: number): void {
  const world = new World(seed);
  const { random } = world;
  const falseMisses = random() < 0.3 ? 0.05 : 0;
  // Who is taken for dead while it lives may act until it learns of it; the epochs tell the two apart.
  world.checkExclusive = falseMisses === 0;
  let started = 0;
  const start = (): void => {
    started += 1;
    world.start(`i${started}-${Math.floor(random() * 1e6)}`, world.between(0.9, 1.1));
  };
  for (let i = 0; i < 3; i += 1) world.agenda.after(world.between(0, 200), start);
  world.weather = { failing: random() < 0.5 ? random() * 0.3 : 0, falseMisses };
  const events = 3 + Math.floor(random() * 8);
  for (let i = 0; i < events; i += 1) {
    world.run(world.between(10, 2 * TTL));
    const living = world.living();
    const victim = living[Math.floor(random() * living.length)];
    const dice = random();
    if (victim === undefined || (dice < 0.2 && living.length < 5)) start();
    else if (dice < 0.4) world.crash(victim);
    else if (dice < 0.6) world.freeze(victim, world.between(50, 2.5 * TTL));
    else if (dice < 0.7) world.release(victim);
    else if (dice < 0.85) world.disconnect(victim, world.between(10, 2 * TTL));
    else if (!world.leaderGone) {
      world.leaderGone = true;
      world.agenda.after(world.between(100, 2 * TTL), () => {
        world.leaderGone = false;
      });
    }
  }
  // The longest fault that is under way ends within 2.5 TTL.
  world.run(2.5 * TTL);
  if (world.living().length === 0) start();
  world.weather = fair;
  // Late writes, one TTL for whoever is frozen or has been taken for living, and the retries.
  world.run(2 * TTL + TTL / 0.9 + 2_000);
  assert.ok(world.isSettled(), "not every partition is owned by whom it is assigned to");
}

test("in storms of crashes, freezes, lost connections, slow clocks, failing and late writes and leader changes only who is cut off acts under an old epoch, and every partition is owned again", () => {
  const runs = Number(process.env.LEASE_RUNS ?? 3_000);
  const first = Number(process.env.LEASE_SEED ?? 1);
  for (let seed = first; seed < first + runs; seed += 1) {
    try {
      stormyRun(seed);
    } catch (error) {
      throw new Error(`LEASE_SEED=${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
});

function settledWorld(instances: number, seed = 7): World {
  const world = new World(seed);
  for (let i = 0; i < instances; i += 1) world.start(`i${i}`);
  world.run(1_000);
  assert.ok(world.isSettled());
  return world;
}

function timeToSettle(world: World): number {
  const began = world.agenda.now;
  while (!world.isSettled()) {
    world.run(5);
    assert.ok(world.agenda.now - began < 3 * TTL, "never settles");
  }
  return world.agenda.now - began;
}

test("the partitions of a killed owner are taken after two pings", () => {
  for (const victim of [0, 1, 2, 3]) {
    const world = settledWorld(4);
    world.crash(world.instances[victim] as Instance);
    assert.ok(timeToSettle(world) < 2 * times.pingMs + 2 * TICK + 50);
  }
});

test("two owners killed at once are noticed one after the other", () => {
  const world = settledWorld(4);
  world.crash(world.instances[1] as Instance);
  world.crash(world.instances[2] as Instance);
  assert.ok(timeToSettle(world) < 4 * (times.pingMs + TICK) + 100);
});

test("an owner that is cut off is replaced at once, and does not act when it is back before it knows", () => {
  const world = settledWorld(2);
  const cutOff = world.instances[0] as Instance;
  world.disconnect(cutOff, 0.5 * TTL);
  world.run(0.4 * TTL);
  const actors = Array.from({ length: PARTITIONS }, (_, partition) => world.ownersOf(partition));
  assert.ok(actors.every((owners) => owners.some(({ instance }) => instance.name === "i1")));
  assert.ok(actors.some((owners) => owners.length === 2));
  world.run(0.1 * TTL);
  assert.ok(world.ownersOf(0).every(({ instance }) => instance !== cutOff));
  assert.ok(timeToSettle(world) < 1_000);
});

test("a frozen owner loses its partitions after the TTL, and wakes as one that owns nothing", () => {
  const world = settledWorld(2);
  const frozen = world.instances[0] as Instance;
  world.freeze(frozen, 2 * TTL);
  world.run(TTL + 500);
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    assert.equal(world.ownersOf(partition)[0]?.instance.name, "i1");
  }
  world.run(2 * TTL);
  assert.ok(world.isSettled());
});

test("an owner cut off from the bucket stops before its record runs out, and goes on under new epochs", () => {
  const world = settledWorld(1);
  const before = world.ownersOf(0)[0]?.epoch ?? 0;
  world.leaderGone = true;
  world.run(0.8 * TTL + TICK);
  assert.deepEqual(world.ownersOf(0), []);
  world.leaderGone = false;
  timeToSettle(world);
  assert.ok((world.ownersOf(0)[0]?.epoch ?? 0) > before);
});

test("a leader change shorter than the time to stop moves nothing", () => {
  const world = settledWorld(3);
  const before = Array.from({ length: PARTITIONS }, (_, partition) => world.ownersOf(partition)[0]?.epoch);
  world.leaderGone = true;
  world.run(0.5 * TTL);
  world.leaderGone = false;
  world.run(TTL);
  const after = Array.from({ length: PARTITIONS }, (_, partition) => world.ownersOf(partition)[0]?.epoch);
  assert.deepEqual(after, before);
});

test("an owner that leaves hands over as fast as its work is done", () => {
  const world = settledWorld(3);
  world.release(world.instances[0] as Instance);
  assert.ok(timeToSettle(world) < 50 + 6 * 5 + TICK + 50);
  assert.equal(world.living().length, 2);
});

test("a partition whose work does not end is handed over all the same, after its time", () => {
  const lease = new Lease({ instance: "a", partitions: 1, ...times });
  const [join] = lease.watching(0);
  assert.equal(join?.kind, "write");
  const [claim] = lease.finished(1, memberKey("a"), { kind: "written", revision: 1 });
  assert.deepEqual(claim?.kind === "write" && claim.key, claimKey(0));
  const [gained] = lease.finished(2, claimKey(0), { kind: "written", revision: 2 });
  assert.deepEqual(gained, { kind: "gained", partition: 0, epoch: 2 });
  assert.deepEqual(lease.release(3), [{ kind: "lost", partition: 0, handOver: true }]);
  assert.equal(lease.epochOf(0, 3), undefined);
  assert.deepEqual(
    lease.tick(4).map((action) => action.kind),
    ["write"],
  );
  lease.finished(5, memberKey("a"), { kind: "written", revision: 3 });
  const [freed] = lease.tick(3 + times.handOverMs);
  assert.equal(freed?.kind === "write" && freed.key, claimKey(0));
  const [removal] = lease.finished(600, claimKey(0), { kind: "written", revision: 4 });
  assert.deepEqual(removal, { kind: "delete", key: memberKey("a"), revision: 3 });
  assert.deepEqual(lease.finished(601, memberKey("a"), { kind: "written", revision: 5 }), [{ kind: "gone" }]);
});

test("an owner that lost its connection acts again when a renewal that began afterwards has succeeded", () => {
  const lease = new Lease({ instance: "a", partitions: 1, ...times });
  lease.watching(0);
  lease.finished(1, memberKey("a"), { kind: "written", revision: 1 });
  lease.finished(2, claimKey(0), { kind: "written", revision: 2 });
  lease.connectionChanged(10, "lost");
  assert.equal(lease.epochOf(0, 11), 2);
  const [renewal] = lease.connectionChanged(20, "back");
  assert.equal(renewal?.kind === "write" && renewal.key, memberKey("a"));
  assert.equal(lease.epochOf(0, 21), undefined);
  assert.deepEqual(lease.finished(22, memberKey("a"), { kind: "written", revision: 3 }), []);
  assert.equal(lease.epochOf(0, 22), 2);
});
