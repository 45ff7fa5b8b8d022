import {
  type Acting,
  type Channel,
  type MulticastChannel,
  type OwnerAddress,
  partitionOf,
  type QuestionChannel,
} from "@rollcall/contracts";
import { Histogram, longSecondsBounds } from "@rollcall/telemetry";
import type { SendOptions } from "../bus.ts";
import { BusError } from "../bus-error.ts";
import { Lane, type LanePatience, openPart, type Part, type Route, Shipment } from "./lane.ts";
import { type Destination, Outgoing } from "./outgoing.ts";
import type { OwnerLookup } from "./ports.ts";
import { Question } from "./question.ts";

export interface SenderOptions {
  readonly owners: Readonly<Record<OwnerAddress, OwnerLookup>>;
  readonly now: () => number;
  /**
   * For how much of that time this process was cut off from everybody, in milliseconds. It does not count against
   * nodes: whether one is dead only those say who can hear it. Default 0.
   */
  readonly cutOffMs?: (() => number) | undefined;
  /** The way to a process; always the same object for one process. */
  readonly routeTo: (processId: string) => Route;
  /** Asks for `tick` every few tens of milliseconds as long as `isWaiting`. */
  readonly wake: () => void;
  readonly ownerPatience: LanePatience;
  readonly nodePatience: LanePatience;
  /** Unsettled messages before `queue-full`. */
  readonly queueLimit: number;
  /** UTF-16 units of unsettled messages before `queue-full`. */
  readonly queueSize: number;
}

/** What this process has for owners and nodes: a lane for each partition and node, and the questions. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #ownerLanes: Readonly<Record<OwnerAddress, Map<number, Lane>>> = {
    "roster-owner": new Map(),
    "presence-owner": new Map(),
  };
  readonly #nodeLanes = new Map<string, Lane>();
  readonly #waiting = new Set<Lane>();
  readonly #questions = new Set<Question>();
  /** Partitions that this process must not act for. */
  readonly #abandoned: Readonly<Record<OwnerAddress, Set<number>>> = {
    "roster-owner": new Set(),
    "presence-owner": new Set(),
  };
  readonly #laneSeconds = new Histogram(longSecondsBounds);
  #lastId = 0;
  #unsettled = 0;
  #unsettledSize = 0;

  constructor(options: SenderOptions) {
    this.#options = options;
    for (const address of ["roster-owner", "presence-owner"] as const) {
      options.owners[address].onChange((partition) => this.#ownerChanged(address, partition));
    }
  }

  /** Messages and questions whose end is not known. */
  get unsettled(): number {
    return this.#unsettled + this.#questions.size;
  }

  /** For how long the oldest message has waited for its end. */
  get oldestMs(): number {
    let oldestMs = 0;
    for (const lane of this.#waiting) oldestMs = Math.max(oldestMs, lane.oldestMs);
    return oldestMs;
  }

  /** For the area `bus-lanes`. */
  numbers(): object {
    let outWaiting = 0;
    let outUnderWay = 0;
    for (const lane of this.#waiting) {
      outWaiting += lane.waiting;
      outUnderWay += lane.underWay;
    }
    return { laneSeconds: this.#laneSeconds, outWaiting, outUnderWay, oldestOut: this.oldestMs / 1_000 };
  }

  get isWaiting(): boolean {
    return this.#waiting.size > 0 || this.#questions.size > 0;
  }

  publish<P>(channel: Channel<P>, key: string, payload: P, options: SendOptions | undefined): Promise<void> {
    return this.#send(channel, [key], payload, options, (outgoing) => {
      const lane = channel.address === "node" ? this.#nodeLane(key) : this.#ownerLane(channel.address, key);
      this.#depart(openPart(outgoing, lane, [key]));
    });
  }

  multicast<P>(
    channel: MulticastChannel<P>,
    keys: readonly string[],
    payload: P,
    options: SendOptions | undefined,
  ): Promise<void> {
    return this.#send(channel, keys, payload, options, (outgoing) => {
      const byLane = new Map<Lane, string[]>();
      for (const key of keys) {
        const lane = this.#ownerLane(channel.address, key);
        const known = byLane.get(lane);
        if (known === undefined) byLane.set(lane, [key]);
        else known.push(key);
      }
      const parts = [...byLane].map(([lane, laneKeys]) => openPart(outgoing, lane, laneKeys));
      if (parts.length === 1) this.#depart(parts[0] as Part);
      else this.#departTogether(outgoing, parts);
    });
  }

  request<Q, A>(channel: QuestionChannel<Q, A>, key: string, question: Q, timeoutMs: number): Promise<A> {
    const destination: Destination =
      channel.address === "node"
        ? { kind: "node", nodeId: key }
        : { kind: "owner", address: channel.address, partition: partitionOf(key) };
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise<A>((resolve, reject) => {
      const asked = new Question(
        {
          now: this.#options.now,
          route: (to) => this.#route(to),
          settled: (settled) => this.#questions.delete(settled),
        },
        destination,
        { id, channel: channel.name, key, payload: question, timeoutMs },
        (answer) => resolve(answer as A),
        reject,
      );
      this.#questions.add(asked);
      asked.ask();
      this.#options.wake();
    });
  }

  /** The process of a route cannot be found. */
  bounced(route: Route): void {
    for (const lane of this.#waiting) lane.bounced(route);
  }

  tick(): void {
    for (const lane of this.#waiting) {
      lane.tick();
      if (lane.isIdle) {
        this.#waiting.delete(lane);
        if (lane.destination.kind === "node") this.#nodeLanes.delete(lane.destination.nodeId);
      }
    }
    for (const question of this.#questions) question.tick();
  }

  /**
   * The partition is another's: whatever is sent in its name fails with `fenced`, until `resume`. Work that waits for
   * it would keep the partition from being prepared anew, and that may be what it waits for.
   */
  abandon(address: OwnerAddress, partition: number): void {
    this.#abandoned[address].add(partition);
    const isMeant = ({ acting }: Outgoing): boolean =>
      acting?.address === address && acting.partition === partition;
    for (const lane of this.#waiting) lane.abandon(isMeant, notTheOwner());
  }

  /** No work of before is left. */
  resume(address: OwnerAddress, partition: number): void {
    this.#abandoned[address].delete(partition);
  }

  /** Everything that is not settled fails. */
  fail(error: BusError): void {
    for (const lane of this.#waiting) lane.fail(error);
    for (const question of this.#questions) question.fail(error);
  }

  #send(
    { name: channel, address }: Pick<Channel<unknown>, "name" | "address">,
    keys: readonly string[],
    payload: unknown,
    options: SendOptions | undefined,
    depart: (outgoing: Outgoing) => void,
  ): Promise<void> {
    const { queueLimit, queueSize, now, ownerPatience, nodePatience } = this.#options;
    if (this.#unsettled >= queueLimit || this.#unsettledSize >= queueSize) {
      return Promise.reject(new BusError("queue-full", "too many unfinished messages"));
    }
    const acting = this.#acting(options);
    if (acting?.partition !== undefined && this.#abandoned[acting.address].has(acting.partition)) {
      return Promise.reject(notTheOwner());
    }
    this.#lastId += 1;
    const id = this.#lastId;
    const toNode = address === "node";
    const patience = toNode ? nodePatience : ownerPatience;
    return new Promise<void>((resolve, reject) => {
      const outgoing = new Outgoing(
        { id, channel, keys, payload, acting },
        now() - (toNode ? this.#cutOffMs() : 0) + patience.unansweredMs,
        (error) => {
          this.#unsettled -= 1;
          this.#unsettledSize -= outgoing.body.length;
          if (error === undefined) resolve();
          else reject(error);
        },
      );
      this.#unsettled += 1;
      this.#unsettledSize += outgoing.body.length;
      depart(outgoing);
    });
  }

  #depart(part: Part): void {
    const { lane } = part;
    const route = lane.openRoute();
    if (route === undefined) {
      lane.enqueue(part);
      return;
    }
    const fresh = lane.takeFresh();
    const shipment = new Shipment(part.outgoing, [part], fresh === undefined ? none : [fresh]);
    lane.departs(shipment, route);
    route.send(shipment);
  }

  /** One shipment for each process; what cannot leave now waits in its lane. */
  #departTogether(outgoing: Outgoing, parts: readonly Part[]): void {
    const byRoute = new Map<Route, Part[]>();
    const staying: Part[] = [];
    for (const part of parts) {
      const route = part.lane.openRoute();
      if (route === undefined) {
        staying.push(part);
        continue;
      }
      const together = byRoute.get(route);
      if (together === undefined) byRoute.set(route, [part]);
      else together.push(part);
    }
    for (const [route, together] of byRoute) {
      const fresh: number[] = [];
      for (const { lane } of together) {
        const partition = lane.takeFresh();
        if (partition !== undefined) fresh.push(partition);
      }
      const shipment = new Shipment(outgoing, together, fresh);
      for (const { lane } of together) lane.departs(shipment, route);
      route.send(shipment);
    }
    for (const part of staying) part.lane.enqueue(part);
  }

  #acting(options: SendOptions | undefined): Acting | undefined {
    const actingFor = options?.actingFor;
    if (actingFor === undefined) return undefined;
    const { address, account } = actingFor;
    const partition = account === undefined ? undefined : partitionOf(account);
    return { address, partition, asOf: this.#options.owners[address].revision };
  }

  #ownerLane(address: OwnerAddress, key: string): Lane {
    const lanes = this.#ownerLanes[address];
    const partition = partitionOf(key);
    let lane = lanes.get(partition);
    if (lane === undefined) {
      lane = this.#createLane({ kind: "owner", address, partition }, this.#options.ownerPatience);
      lanes.set(partition, lane);
    }
    return lane;
  }

  #nodeLane(nodeId: string): Lane {
    let lane = this.#nodeLanes.get(nodeId);
    if (lane === undefined) {
      lane = this.#createLane({ kind: "node", nodeId }, this.#options.nodePatience);
      this.#nodeLanes.set(nodeId, lane);
    }
    return lane;
  }

  #cutOffMs(): number {
    return this.#options.cutOffMs?.() ?? 0;
  }

  #createLane(destination: Destination, patience: LanePatience): Lane {
    const port = {
      now: this.#options.now,
      cutOffMs: () => this.#cutOffMs(),
      route: (to: Destination) => this.#route(to),
      left: (waitedMs: number) => this.#laneSeconds.record(waitedMs / 1_000),
      waiting: (lane: Lane) => {
        this.#waiting.add(lane);
        this.#options.wake();
      },
    };
    return new Lane(destination, port, patience);
  }

  #route(destination: Destination): Route | undefined {
    const { owners, routeTo } = this.#options;
    if (destination.kind === "node") return routeTo(destination.nodeId);
    const owner = owners[destination.address].ownerOf(destination.partition);
    return owner === undefined ? undefined : routeTo(owner.instanceId);
  }

  #ownerChanged(address: OwnerAddress, partition: number): void {
    this.#ownerLanes[address].get(partition)?.ownerChanged();
    for (const question of this.#questions) {
      const to = question.destination;
      if (to.kind === "owner" && to.address === address && to.partition === partition)
        question.ownerChanged();
    }
  }
}

function notTheOwner(): BusError {
  return new BusError("fenced", "the partition is another's");
}

const none: readonly number[] = [];
