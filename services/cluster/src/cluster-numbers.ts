import type { NatsBus } from "@rollcall/bus";
import { PARTITIONS } from "@rollcall/contracts";
import type { NatsService } from "@rollcall/nats";
import type { NatsOwnership, OwnerMap, PreparedOwnership } from "@rollcall/ownership";
import type { CounterRegistry } from "@rollcall/telemetry";
import type { RiakStore } from "./riak-store.ts";

/** Adds what the parts of a cluster's process count to its numbers. */
export class ClusterNumbers {
  readonly #registry: CounterRegistry;

  constructor(registry: CounterRegistry) {
    this.#registry = registry;
  }

  ofRiak({ client, transportCounters, hosts }: RiakStore): void {
    this.#registry.add("riak", client.counters);
    this.#registry.add("riak-transport", () => {
      const states = hosts().map(({ state }) => state);
      const count = (wanted: string): number => states.filter((state) => state === wanted).length;
      return {
        ...transportCounters,
        hostsUp: count("closed"),
        hostsTried: count("half-open"),
        hostsDown: count("open"),
      };
    });
  }

  ofNats(nats: NatsService): void {
    this.#registry.add("nats", () => ({
      connected: nats.isConnected() ? 1 : 0,
      disconnects: nats.disconnects,
    }));
  }

  ofBus(bus: NatsBus): void {
    this.#registry.add("bus", bus.counters);
    this.#registry.add("bus-handlers", () => bus.handlerNumbers());
    this.#registry.add("bus-lanes", () => bus.laneNumbers());
  }

  /** Who owns the partitions of a service, as this process sees it. */
  ofOwners(service: "roster" | "presence", owners: OwnerMap): void {
    this.#registry.add(`owners-${service}`, () => {
      let unowned = 0;
      for (let partition = 0; partition < PARTITIONS; partition += 1)
        if (owners.ownerOf(partition) === undefined) unowned += 1;
      return { instances: owners.members().length, unowned };
    });
  }

  /** What this process owns. */
  ofOwnership(
    service: "roster" | "presence",
    ownership: NatsOwnership,
    { preparationSeconds }: PreparedOwnership,
  ): void {
    this.ofOwners(service, ownership);
    this.#registry.add(`ownership-${service}`, () => ({
      ...ownership.counters,
      ...ownership.leaseNumbers(),
      preparationSeconds,
    }));
  }
}
