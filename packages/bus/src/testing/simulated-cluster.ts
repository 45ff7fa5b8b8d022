/**
 * Processes with lanes, links and handlers, on a network and a clock that a test moves: frames are lost with their connection,
 * owners move, die and are taken for dead.
 */
import { channels, decodeFrame, partitionOf } from "@rollcall/contracts";
import { noTracer, silentLogger } from "@rollcall/telemetry";
import { done, type MessageMeta } from "../bus.ts";
import { Dispatcher } from "../dispatcher.ts";
import { Link } from "../nats/link.ts";
import { LocalRoute } from "../nats/local-route.ts";
import { Receiver } from "../nats/receiver.ts";
import { Sender } from "../nats/sender.ts";
import { FixedOwners, FixedServing } from "./fixed-owners.ts";

const patience = { unansweredMs: 60_000, bouncedMs: 60_000, workingMs: 120_000 };

export interface Handled {
  readonly by: string;
  readonly key: string;
  readonly at: number;
  readonly meta: MessageMeta;
  /** What shares one order. */
  readonly line: "serial" | "start";
}

interface Packet {
  readonly from: string;
  readonly to: string;
  readonly frame: string;
}

export class SimulatedCluster {
  readonly processes = new Map<string, SimulatedProcess>();
  readonly handled: Handled[] = [];
  readonly #packets: Packet[] = [];
  now = 0;

  add(name: string, owner: string): SimulatedProcess {
    const process = new SimulatedProcess(this, name, owner);
    this.processes.set(name, process);
    return process;
  }

  send(packet: Packet): void {
    this.#packets.push(packet);
  }

  /** Carries up to so many frames, in order, to whoever is there; handlers of this process may run. */
  async carry(most: number): Promise<void> {
    for (let i = 0; i < most; i += 1) {
      const packet = this.#packets.shift();
      if (packet === undefined) break;
      const to = this.processes.get(packet.to);
      const from = this.processes.get(packet.from);
      if (to?.isConnected === true) to.receive(packet.frame);
      else if (from?.isConnected === true) from.bounced(packet.to);
      await settle();
    }
  }

  /** What is on its way to or from a process is lost. */
  lose(name: string): void {
    const kept = this.#packets.filter(({ from, to }) => from !== name && to !== name);
    this.#packets.length = 0;
    this.#packets.push(...kept);
  }

  async pass(ms: number): Promise<void> {
    this.now += ms;
    for (const process of this.processes.values()) process.tick();
    await settle();
  }

  get isQuiet(): boolean {
    return (
      this.#packets.length === 0 && [...this.processes.values()].every(({ sender }) => sender.unsettled === 0)
    );
  }
}

export class SimulatedProcess {
  readonly name: string;
  readonly owners: FixedOwners;
  readonly serving = new FixedServing(false);
  readonly sender: Sender;
  readonly receiver: Receiver;
  isConnected = true;
  readonly #cluster: SimulatedCluster;
  readonly #links = new Map<string, Link>();
  readonly #dirty = new Set<Link>();
  readonly #local: LocalRoute;
  #made = 0;

  constructor(cluster: SimulatedCluster, name: string, owner: string) {
    this.#cluster = cluster;
    this.name = name;
    this.owners = new FixedOwners(owner);
    const owners = { "roster-owner": this.owners, "presence-owner": this.owners };
    const dispatcher = new Dispatcher({
      logger: silentLogger,
      queueLimit: 100_000,
      keyLimit: 10_000,
      attempts: 40,
      patienceMs: 0,
      retryMs: 0,
    });
    this.receiver = new Receiver({
      processId: name,
      dispatcher,
      owners,
      serving: { "roster-owner": this.serving, "presence-owner": this.serving },
      logger: silentLogger,
      tracer: noTracer,
      onIdle: () => {},
      now: () => cluster.now,
    });
    this.#local = new LocalRoute(name, this.receiver);
    this.sender = new Sender({
      owners,
      now: () => cluster.now,
      routeTo: (to) => (to === name ? this.#local : this.#link(to)),
      wake: () => {},
      ownerPatience: patience,
      nodePatience: patience,
      queueLimit: 100_000,
      queueSize: 100_000_000,
    });
    const note = (
      keys: readonly string[],
      at: number,
      meta: MessageMeta,
      line: "serial" | "start" = "start",
    ): void => {
      for (const key of keys) cluster.handled.push({ by: name, key, at, meta, line });
    };
    dispatcher.open(channels.deliver.name, (keys, payload, meta) => {
      note(keys, (payload as { at: number }).at, meta);
      return done;
    });
    dispatcher.open(channels.presenceCommands.name, async (keys, payload, meta) => {
      await Promise.resolve();
      note(keys, (payload as { at: number }).at, meta, "serial");
      return done;
    });
    dispatcher.open(channels.fanOut.name, (keys, payload, meta) => {
      note(keys, Number((payload as { id: string }).id), meta);
      return done;
    });
  }

  receive(frame: string): void {
    const decoded = decodeFrame(frame);
    if (decoded.kind === "malformed") throw new Error(decoded.reason);
    this.#link(decoded.frame.from).receive(decoded.frame);
  }

  bounced(peer: string): void {
    const link = this.#link(peer);
    link.bounced();
    this.sender.bounced(link);
  }

  tick(): void {
    this.sender.tick();
    for (const link of this.#links.values()) link.tick();
    this.flush();
  }

  flush(): void {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const link of dirty) link.flush();
  }

  disconnect(): void {
    this.isConnected = false;
    this.#cluster.lose(this.name);
  }

  reconnect(): void {
    this.isConnected = true;
    for (const link of this.#links.values()) link.reconnected();
  }

  #link(peer: string): Link {
    let link = this.#links.get(peer);
    if (link === undefined) {
      this.#made += 1;
      link = new Link(peer, this.#made, {
        processId: this.name,
        connected: () => this.isConnected,
        now: () => this.#cluster.now,
        publish: (to, frame) => this.#cluster.send({ from: this.name, to, frame }),
        dirty: (dirty) => this.#dirty.add(dirty),
        accept: (from, message, end) =>
          this.receiver.accept({ ...message, from: from.peer }, from.blocked, (ack) =>
            end({ ...ack, seq: message.seq }),
          ),
      });
      this.#links.set(peer, link);
    }
    return link;
  }
}

/** Everything that waits for a microtask has run. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A bare JID of each of the first partitions that have one among these names. */
export function keysOf(count: number): string[] {
  const keys = new Map<number, string>();
  for (let i = 0; keys.size < count; i += 1) {
    const key = `user${i}@example.org`;
    if (!keys.has(partitionOf(key))) keys.set(partitionOf(key), key);
  }
  return [...keys.values()];
}
