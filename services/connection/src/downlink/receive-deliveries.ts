import { type Bus, type Consumer, done } from "@rollcall/bus";
import { channels, type NodeDeliveries } from "@rollcall/contracts";
import type { DeliveryWriter } from "./write-stanza.ts";

/** Consumes what owners have for the sessions of this node, in the order of each owner. */
export function receiveDeliveries(bus: Bus, nodeId: string, writer: DeliveryWriter): Consumer {
  return bus.consume(channels.nodeDeliveries, { nodeId }, (_key, deliveries: NodeDeliveries) => {
    for (const delivery of deliveries.items) writer.write(delivery);
    return done;
  });
}
