/**
 * What this process has for one partition (or one node), in order, whoever owns it.
 *
 * Messages go out as they come while the owner takes them. When one comes back, or the owner changes, nothing more goes
 * out until everything under way has come back or ended; then all of it goes out again, in the order it was published.
 */
import type { Ack } from "@rollcall/contracts";
import { BusError } from "../bus-error.ts";
import type { Cargo } from "./link.ts";
import { type Destination, type Outgoing, refusal } from "./outgoing.ts";

/** Takes cargo to one process, which may be this one. */
export interface Route {
  readonly peer: string;
  /** Since when the process cannot be found. */
  readonly bouncedSince: number | undefined;
  /** When it last said something. */
  readonly heardAt: number;
  send(cargo: Cargo): void;
  /** Asks at once what became of what is on its way. */
  probe(): void;
}

export interface LanePort {
  now(): number;
  /** For how much of that time this process was cut off. */
  cutOffMs(): number;
  /** The way to the present owner. */
  route(destination: Destination): Route | undefined;
  /** A message that could not leave at once leaves now. */
  left(waitedMs: number): void;
  /** Calls `lane.tick` every few tens of milliseconds while `isWaiting`. */
  waiting(lane: Lane): void;
}

/** Wait before a message is sent again that came back; it is spread so that not all come at once. */
const RETRY_MS = 20;
const RETRY_SPREAD_MS = 30;
/** An owner that was replaced may still finish what it has: it is waited for unless it is silent for so long. */
const FAREWELL_MS = 200;
/** With nodes patience is shorter than with owners: others notice their death, and their sessions end with them. */
export interface LanePatience {
  /** How long a message may wait for somebody who takes it. */
  readonly unansweredMs: number;
  /** How long the process of a node may not be found. */
  readonly bouncedMs: number;
  /** How long a process that is there may take for one message. */
  readonly workingMs: number;
}

/** A process that said something so long ago counts as there. */
const ALIVE_MS = 3_000;

/** The keys of a message that belong to one lane. */
export interface Part {
  readonly outgoing: Outgoing;
  readonly lane: Lane;
  readonly keys: readonly string[];
  /** It was on its way before. */
  readonly isAgain?: boolean | undefined;
}

export function openPart(outgoing: Outgoing, lane: Lane, keys: readonly string[]): Part {
  outgoing.partOpened();
  return { outgoing, lane, keys };
}

/** Parts of one message that travel together. */
export class Shipment implements Cargo {
  readonly outgoing: Outgoing;
  readonly fresh: readonly number[];
  readonly trace: string | undefined;
  readonly #parts: Part[];

  constructor(outgoing: Outgoing, parts: Part[], fresh: readonly number[]) {
    this.outgoing = outgoing;
    this.#parts = parts;
    this.fresh = fresh;
    if (parts[0]?.isAgain) outgoing.leavesAgain();
    this.trace = outgoing.trace;
  }

  get body(): string {
    return this.outgoing.body;
  }

  keys(): readonly string[] {
    const [only] = this.#parts;
    return this.#parts.length === 1 && only !== undefined
      ? only.keys
      : this.#parts.flatMap(({ keys }) => keys);
  }

  acked(ack: Ack): void {
    for (const part of this.#parts.splice(0)) part.lane.ended(this, part, ack);
  }

  /** The part does not travel here any more. */
  takeBack(lane: Lane): Part | undefined {
    const at = this.#parts.findIndex((part) => part.lane === lane);
    return at === -1 ? undefined : this.#parts.splice(at, 1)[0];
  }
}

export class Lane {
  readonly destination: Destination;
  readonly #port: LanePort;
  readonly #patience: LanePatience;
  #queue: Part[] = [];
  /** First of `#queue` that has not gone out. */
  #head = 0;
  readonly #inFlight = new Set<Shipment>();
  #via: Route | undefined;
  #returned: Part[] = [];
  #isReturning = false;
  #isFresh = false;
  #retryAt: number | undefined;
  #farewellAt = Number.POSITIVE_INFINITY;

  constructor(destination: Destination, port: LanePort, patience: LanePatience) {
    this.destination = destination;
    this.#port = port;
    this.#patience = patience;
  }

  get isIdle(): boolean {
    return this.#inFlight.size === 0 && this.#queued === 0 && this.#returned.length === 0;
  }

  /** Messages that wait until they can leave. */
  get waiting(): number {
    return this.#queued + this.#returned.length;
  }

  /** Messages that are with the owner. */
  get underWay(): number {
    return this.#inFlight.size;
  }

  /** Milliseconds since the oldest message was published; 0 where there is none. */
  get oldestMs(): number {
    const [shipment] = this.#inFlight;
    const [returned] = this.#returned;
    const oldest = [shipment, returned, this.#queue[this.#head]].map((part) =>
      part === undefined ? 0 : this.#age(part.outgoing),
    );
    return Math.max(0, ...oldest);
  }

  /** The way on which the next message may leave now, if nothing is before it. */
  openRoute(): Route | undefined {
    if (this.#isReturning || this.#queued > 0 || this.#retryAt !== undefined) return undefined;
    const route = this.#port.route(this.destination);
    return this.#inFlight.size === 0 || route === this.#via ? route : undefined;
  }

  /** The part leaves with this shipment. @returns the partition if earlier refusals are void. */
  departs(shipment: Shipment, route: Route): void {
    this.#via = route;
    this.#inFlight.add(shipment);
    this.#port.waiting(this);
  }

  /** Whether the next message has to be marked as the first after some came back. */
  takeFresh(): number | undefined {
    if (!this.#isFresh || this.destination.kind === "node") return undefined;
    this.#isFresh = false;
    return this.destination.partition;
  }

  /** Waits in its turn. */
  enqueue(part: Part): void {
    this.#queue.push(part);
    this.#port.waiting(this);
    this.#pump();
  }

  /** For `Shipment`. */
  ended(shipment: Shipment, part: Part, ack: Ack): void {
    this.#inFlight.delete(shipment);
    const { outgoing } = part;
    switch (ack.kind) {
      case "done":
      case "answer":
        outgoing.partSettled(undefined);
        break;
      case "error":
        outgoing.partSettled(refusal(ack.code, outgoing.channel));
        break;
      case "not-owner": {
        if (outgoing.isAbandoned) break;
        const refused = part.keys.filter((key) => ack.keys.includes(key));
        if (refused.length === 0) outgoing.partSettled(undefined);
        else {
          this.#returned.push({ ...part, keys: refused, isAgain: true });
          this.#isReturning = true;
        }
        break;
      }
    }
    this.#goOn();
  }

  /** Somebody else may own the partition now. */
  ownerChanged(): void {
    if (this.#inFlight.size === 0) {
      this.#retryAt = undefined;
      this.#pump();
      return;
    }
    if (this.#port.route(this.destination) === this.#via) return;
    this.#isReturning = true;
    if (this.#via?.bouncedSince !== undefined) this.#takeAllBack();
    else {
      this.#farewellAt = this.#port.now() + FAREWELL_MS;
      this.#via?.probe();
    }
    this.#goOn();
  }

  /** The process of `route` cannot be found. */
  bounced(route: Route): void {
    if (this.#via !== route || this.#inFlight.size === 0) return;
    if (this.#port.route(this.destination) !== route) this.ownerChanged();
  }

  tick(): void {
    const now = this.#port.now();
    if (now >= this.#farewellAt) {
      const heardAt = this.#via?.heardAt ?? 0;
      if (heardAt > this.#farewellAt - FAREWELL_MS) this.#farewellAt = heardAt + FAREWELL_MS;
      if (now >= this.#farewellAt) this.#takeAllBack();
      else this.#via?.probe();
    }
    this.#giveUp(now);
    if (this.#retryAt !== undefined && now >= this.#retryAt) this.#retryAt = undefined;
    this.#goOn();
  }

  /** What is on its way goes on, and nobody waits for it; what waits is not sent. */
  abandon(isMeant: (outgoing: Outgoing) => boolean, error: BusError): void {
    for (const { outgoing } of [...this.#inFlight, ...this.#returned, ...this.#queue.slice(this.#head)]) {
      if (isMeant(outgoing)) outgoing.abandon(error);
    }
    this.#returned = this.#returned.filter(({ outgoing }) => !outgoing.isAbandoned);
    this.#queue = this.#queue.slice(this.#head).filter(({ outgoing }) => !outgoing.isAbandoned);
    this.#head = 0;
  }

  /** Everything fails with this error. */
  fail(error: BusError): void {
    const parts = [...this.#returned, ...this.#queue.slice(this.#head)];
    this.#returned = [];
    this.#queue = [];
    this.#head = 0;
    for (const shipment of this.#inFlight) {
      const part = shipment.takeBack(this);
      if (part !== undefined) parts.push(part);
    }
    this.#inFlight.clear();
    this.#isReturning = false;
    this.#farewellAt = Number.POSITIVE_INFINITY;
    this.#isFresh = true;
    for (const { outgoing } of parts) outgoing.partSettled(error);
  }

  get #queued(): number {
    return this.#queue.length - this.#head;
  }

  /** The clock that patience with this destination runs by. */
  #time(now: number): number {
    return this.destination.kind === "node" ? now - this.#port.cutOffMs() : now;
  }

  #age({ expiresAt }: Outgoing): number {
    return this.#time(this.#port.now()) - (expiresAt - this.#patience.unansweredMs);
  }

  #goOn(): void {
    if (this.#isReturning && this.#inFlight.size === 0) this.#comeBack();
    this.#pump();
  }

  #comeBack(): void {
    const returned = this.#returned.sort((a, b) => a.outgoing.id - b.outgoing.id);
    this.#queue = [...returned, ...this.#queue.slice(this.#head)];
    this.#head = 0;
    this.#returned = [];
    this.#isReturning = false;
    this.#isFresh = true;
    this.#farewellAt = Number.POSITIVE_INFINITY;
    const sameOwner = this.#port.route(this.destination) === this.#via;
    if (sameOwner && returned.length > 0) {
      this.#retryAt = this.#port.now() + RETRY_MS + spread(returned[0]?.outgoing.id ?? 0);
    }
    this.#port.waiting(this);
  }

  #pump(): void {
    while (this.#queued > 0 && !this.#isReturning && this.#retryAt === undefined) {
      const route = this.#port.route(this.destination);
      if (route === undefined || (this.#inFlight.size > 0 && route !== this.#via)) return;
      const part = this.#queue[this.#head] as Part;
      this.#head += 1;
      if (this.#head === this.#queue.length) {
        this.#queue = [];
        this.#head = 0;
      }
      const fresh = this.takeFresh();
      const shipment = new Shipment(part.outgoing, [part], fresh === undefined ? none : [fresh]);
      this.departs(shipment, route);
      this.#port.left(this.#age(part.outgoing));
      route.send(shipment);
    }
  }

  #takeAllBack(): void {
    for (const shipment of this.#inFlight) {
      const part = shipment.takeBack(this);
      if (part !== undefined && !part.outgoing.isAbandoned) this.#returned.push({ ...part, isAgain: true });
    }
    this.#inFlight.clear();
    this.#isReturning = true;
    this.#farewellAt = Number.POSITIVE_INFINITY;
  }

  #giveUp(now: number): void {
    const { bouncedMs, unansweredMs, workingMs } = this.#patience;
    const via = this.#via;
    if (
      this.destination.kind === "node" &&
      via?.bouncedSince !== undefined &&
      now - via.bouncedSince >= bouncedMs
    ) {
      this.fail(new BusError("no-owner", `node ${this.destination.nodeId} is not there`));
      return;
    }
    const time = this.#time(now);
    while (this.#queued > 0 && (this.#queue[this.#head]?.outgoing.expiresAt ?? time) < time) {
      const { outgoing } = this.#queue[this.#head] as Part;
      this.#head += 1;
      outgoing.partSettled(new BusError("no-owner", `nobody takes ${outgoing.channel}`));
    }
    const isThere = via !== undefined && now - via.heardAt < ALIVE_MS;
    const extraMs = isThere ? workingMs - unansweredMs : 0;
    for (const shipment of this.#inFlight) {
      const { outgoing } = shipment;
      if (outgoing.expiresAt + extraMs >= time) break;
      shipment.takeBack(this);
      this.#inFlight.delete(shipment);
      const code = isThere ? "gave-up" : "no-owner";
      outgoing.partSettled(new BusError(code, `${outgoing.channel} was not finished in time`));
    }
  }
}

const none: readonly number[] = [];

/** Between 0 and the spread, by the number of the message: no randomness is needed. */
function spread(id: number): number {
  return (id * 7) % RETRY_SPREAD_MS;
}
