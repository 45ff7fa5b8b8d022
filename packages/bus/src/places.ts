import type { Address, Channel } from "@rollcall/contracts";
import type { ConsumeOptions } from "./bus.ts";

/** Where a handler sits: the channel, and the node where it is addressed to one. */
export function placeFor(channel: { name: string; address: Address }, nodeId: string): string {
  return channel.address === "node" ? `${channel.name} ${nodeId}` : channel.name;
}

/** @throws {TypeError} for a channel to a node without a node id. */
export function placeOf(channel: { name: string; address: Address }, options: ConsumeOptions): string {
  if (channel.address !== "node") return channel.name;
  if (options.nodeId === undefined) throw new TypeError(`${channel.name} is consumed for a node id`);
  return placeFor(channel, options.nodeId);
}

/** What shares one order per key: a serial channel by itself, or everything of one address that starts in order. */
export function lineOf(channel: Pick<Channel<unknown>, "address" | "order">, place: string): string {
  return channel.order === "serial" ? place : channel.address;
}
