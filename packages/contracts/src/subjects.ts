/**
 * Every NATS subject of the system. Grammar, from wide to narrow, the version early, never a JID:
 *
 *   rollcall.v1.roster.<partition>       commands and questions to the roster owner
 *   rollcall.v1.presence.<partition>     commands and questions to the presence owner
 *   rollcall.v1.node.<nodeId>            to one connection node
 *   rollcall.v1.instance.<instanceId>    is this process there
 *   rollcall.v1.heartbeat.<nodeId>       one a second from each connection node
 *
 * A subject is a durable identifier: it changes only with a new version token.
 */
import type { Address } from "./channels.ts";
import { PARTITIONS } from "./partition.ts";

const PREFIX = "rollcall.v1";

/** Names as `runtime` makes them: letters, digits, `-` and `_`; anything else could reach other subjects. */
const token = /^[A-Za-z0-9_-]{1,128}$/;

function checkedToken(name: string): string {
  if (!token.test(name)) throw new RangeError(`not a subject token: ${JSON.stringify(name.slice(0, 40))}`);
  return name;
}

function checkedPartition(partition: number): number {
  if (!Number.isInteger(partition) || partition < 0 || partition >= PARTITIONS) {
    throw new RangeError(`no such partition: ${partition}`);
  }
  return partition;
}

export const subjects = {
  partition: (address: Exclude<Address, "node">, partition: number): string =>
    `${PREFIX}.${address === "roster-owner" ? "roster" : "presence"}.${checkedPartition(partition)}`,
  node: (nodeId: string): string => `${PREFIX}.node.${checkedToken(nodeId)}`,
  instance: (instanceId: string): string => `${PREFIX}.instance.${checkedToken(instanceId)}`,
  heartbeat: (nodeId: string): string => `${PREFIX}.heartbeat.${checkedToken(nodeId)}`,
  /** Not a subject, but as durable: the JetStream KV bucket with the leases of a service. */
  leaseBucket: (address: Exclude<Address, "node">): string =>
    `rollcall-v1-${address === "roster-owner" ? "roster" : "presence"}-leases`,
} as const;
