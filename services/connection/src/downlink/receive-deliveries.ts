import { type Bus, type Consumer, done, type MessageMeta, type Outcome } from "@rollcall/bus";
import { channels, type NodeDelivery } from "@rollcall/contracts";
import type { Absence } from "../cluster/absence.ts";
import type { DeliveryWriter } from "./write-stanza.ts";

/** Over NATS the sender hears of it, and tells nobody that its work is done. */
const fenced: Outcome = { kind: "reject", reason: "fenced" };
/** Items held while it is doubtful which sessions are left. */
const HELD_LIMIT = 100_000;

/**
 * Consumes what owners have for the sessions of this node, in the order of each owner.
 *
 * While it is doubtful which sessions are left, deliveries are taken and held. Owners must not wait for the end of the
 * doubt: it is they who end it, and one that has lost partitions finishes its work first.
 *
 * @param absence `undefined` where owners do not change.
 */
export function receiveDeliveries(
  bus: Bus,
  nodeId: string,
  writer: Pick<DeliveryWriter, "write">,
  absence: Pick<Absence, "isDoubtful" | "later" | "settled"> | undefined,
): Consumer {
  let held: (readonly NodeDelivery[])[] = [];
  let heldItems = 0;

  async function writeHeld(known: Pick<Absence, "isDoubtful" | "settled">): Promise<void> {
    do await known.settled();
    while (known.isDoubtful);
    const all = held;
    held = [];
    heldItems = 0;
    // They were taken: whoever is the owner by now comes after them, and has not said the same again.
    for (const items of all) for (const item of items) writer.write(item, nobodyInParticular);
  }

  return bus.consume(channels.nodeDeliveries, { nodeId }, (_key, { items }, meta) => {
    if (absence !== undefined && (absence.isDoubtful || held.length > 0)) {
      if (heldItems + items.length > HELD_LIMIT) return absence.later;
      if (held.length === 0) void writeHeld(absence);
      held.push(items);
      heldItems += items.length;
      return done;
    }
    let isFenced = false;
    for (const item of items) if (!writer.write(item, meta)) isFenced = true;
    return isFenced ? fenced : done;
  });
}

const nobodyInParticular: MessageMeta = { id: undefined, from: undefined, asOf: 0 };
