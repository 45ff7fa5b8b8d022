import { type Bus, type Consumer, done, type Outcome } from "@rollcall/bus";
import { channels } from "@rollcall/contracts";
import type { Absence } from "../cluster/absence.ts";
import type { DeliveryWriter } from "./write-stanza.ts";

/** Over NATS the sender hears of it, and tells nobody that its work is done. */
const fenced: Outcome = { kind: "reject", reason: "fenced" };

/**
 * Consumes what owners have for the sessions of this node, in the order of each owner.
 *
 * @param absence `undefined` where owners do not change.
 */
export function receiveDeliveries(
  bus: Bus,
  nodeId: string,
  writer: DeliveryWriter,
  absence: Absence | undefined,
): Consumer {
  return bus.consume(channels.nodeDeliveries, { nodeId }, (_key, { items }, meta) => {
    if (absence?.isDoubtful) return absence.later;
    let isFenced = false;
    for (const item of items) if (!writer.write(item, meta)) isFenced = true;
    return isFenced ? fenced : done;
  });
}
