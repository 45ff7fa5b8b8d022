/**
 * Every NATS subject of the system, and the names of its buckets. Grammar, from wide to narrow, the version early, never a JID:
 *
 *   rollcall.v1.link.<process>             frames to one process (docs/adr/0010)
 *   rollcall.v1.bounce.<process>.<peer>    "no responders" for a frame of this process to that peer
 *   rollcall.v1.instance.<process>         is this process there
 *   rollcall.v1.heartbeat.<nodeId>         one a second from each connection node
 *   rollcall.v1.roll-call                  asks every connection node for a heartbeat at once
 *   rollcall.v1.control                    a question of an operator to every process; answers go to an inbox
 *
 * A subject is a durable identifier: it changes only with a new version token.
 */
import type { Address } from "./channels.ts";

const PREFIX = "rollcall.v1";

/** Names as `runtime` makes them: letters, digits, `-` and `_`; anything else could reach other subjects. */
const token = /^[A-Za-z0-9_-]{1,128}$/;

function checkedToken(name: string): string {
  if (!token.test(name)) throw new RangeError(`not a subject token: ${JSON.stringify(name.slice(0, 40))}`);
  return name;
}

export const subjects = {
  link: (processId: string): string => `${PREFIX}.link.${checkedToken(processId)}`,
  bounce: (processId: string, peerId: string): string =>
    `${PREFIX}.bounce.${checkedToken(processId)}.${checkedToken(peerId)}`,
  /** What a process subscribes to for all its bounces. */
  bounces: (processId: string): string => `${PREFIX}.bounce.${checkedToken(processId)}.*`,
  instance: (processId: string): string => `${PREFIX}.instance.${checkedToken(processId)}`,
  heartbeat: (nodeId: string): string => `${PREFIX}.heartbeat.${checkedToken(nodeId)}`,
  heartbeats: `${PREFIX}.heartbeat.*`,
  rollCall: `${PREFIX}.roll-call`,
  control: `${PREFIX}.control`,
  /** The JetStream KV bucket with the leases of a service. */
  leaseBucket: (address: Exclude<Address, "node">): string =>
    `rollcall-v1-${address === "roster-owner" ? "roster" : "presence"}-leases`,
  /** The JetStream KV bucket with what nodes that die owe to others. */
  sessionBucket: "rollcall-v1-sessions",
} as const;

/** The last token of a heartbeat or bounce subject. */
export function lastToken(subject: string): string {
  return subject.slice(subject.lastIndexOf(".") + 1);
}
