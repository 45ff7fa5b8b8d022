import type { ConflictPolicy } from "./siblings.ts";

/** Bucket properties in Riak's names. */
export type BucketProperties = Readonly<Record<string, unknown>>;

/** What a bucket of the default type has before anybody changes it. */
export const DEFAULT_PROPERTIES: BucketProperties = {
  allow_mult: false,
  basic_quorum: false,
  big_vclock: 50,
  chash_keyfun: { mod: "riak_core_util", fun: "chash_std_keyfun" },
  dvv_enabled: false,
  dw: "quorum",
  last_write_wins: false,
  linkfun: { mod: "riak_kv_wm_link_walker", fun: "mapreduce_linkfun" },
  n_val: 3,
  node_confirms: 0,
  notfound_ok: true,
  old_vclock: 86400,
  postcommit: [],
  pr: 0,
  precommit: [],
  pw: 0,
  r: "quorum",
  rw: "quorum",
  small_vclock: 50,
  sync_on_write: "backend",
  w: "quorum",
  write_once: false,
  young_vclock: 20,
};

/** What a bucket of any other type has. */
export const TYPED_PROPERTIES: BucketProperties = {
  ...DEFAULT_PROPERTIES,
  allow_mult: true,
  dvv_enabled: true,
};

type Kind = "boolean" | "count" | "positive" | "quorum" | "sync" | "fixed";

/** What each property may be. `fixed` ones can be sent back as they are and not be changed. */
const KINDS: Readonly<Record<string, Kind>> = {
  allow_mult: "boolean",
  basic_quorum: "boolean",
  big_vclock: "count",
  chash_keyfun: "fixed",
  dvv_enabled: "boolean",
  dw: "quorum",
  last_write_wins: "boolean",
  linkfun: "fixed",
  n_val: "positive",
  node_confirms: "count",
  notfound_ok: "boolean",
  old_vclock: "count",
  postcommit: "fixed",
  pr: "quorum",
  precommit: "fixed",
  pw: "quorum",
  r: "quorum",
  rw: "quorum",
  small_vclock: "count",
  sync_on_write: "sync",
  w: "quorum",
  write_once: "fixed",
  young_vclock: "count",
};

/** Properties that name the bucket or type; they come with what was read and mean nothing in a write. */
const NAMES = new Set(["name", "active", "claimant"]);

export type PropertyChange =
  | { readonly kind: "accepted"; readonly properties: BucketProperties }
  /** The reason for each property that is wrong, as Riak answers it. */
  | { readonly kind: "refused"; readonly reasons: Readonly<Record<string, string>> }
  | { readonly kind: "unknown"; readonly name: string };

/** @param current what the bucket has now. */
export function checkProperties(wanted: BucketProperties, current: BucketProperties): PropertyChange {
  const properties: Record<string, unknown> = {};
  const reasons: Record<string, string> = {};
  for (const [name, value] of Object.entries(wanted)) {
    if (NAMES.has(name)) continue;
    const kind = Object.hasOwn(KINDS, name) ? KINDS[name]! : undefined;
    if (kind === undefined) return { kind: "unknown", name };
    const reason = refusal(kind, value, current[name]);
    if (reason === undefined) properties[name] = value;
    else reasons[name] = reason;
  }
  return Object.keys(reasons).length > 0 ? { kind: "refused", reasons } : { kind: "accepted", properties };
}

function refusal(kind: Kind, value: unknown, current: unknown): string | undefined {
  switch (kind) {
    case "boolean":
      return typeof value === "boolean" ? undefined : "not_boolean";
    case "count":
      return Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : "not_integer";
    case "positive":
      return Number.isSafeInteger(value) && (value as number) >= 1 ? undefined : "not_integer";
    case "quorum":
      return isQuorum(value) ? undefined : "not_valid_quorum";
    case "sync":
      return value === "backend" || value === "one" || value === "all" ? undefined : "not_valid";
    case "fixed":
      return JSON.stringify(value) === JSON.stringify(current) ? undefined : "not_supported";
  }
}

function isQuorum(value: unknown): boolean {
  if (typeof value === "string") return value === "one" || value === "quorum" || value === "all";
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function conflictPolicy(properties: BucketProperties): ConflictPolicy {
  if (properties.allow_mult !== true || properties.last_write_wins === true) return "last-write";
  return properties.dvv_enabled === true ? "dotted" : "whole-object";
}
