/** One contact in the form that Momentum sites know (design, section 6) ⇄ what the roster says of it. Pure. */
import type { ContactRecord } from "@rollcall/contracts";
import {
  bareRequest,
  type ContactFacts,
  hasPendingOut,
  type PendingRequest,
  type SubscriptionValue,
  subscriptionState,
  subscriptionValue,
} from "@rollcall/rfc6121";
import { type BareJid, parseJid, parseStanza, serializeStanza } from "@rollcall/xmpp";

/** Fields of a contact, and of its `pending_requests`, that are not ours. Kept as they are. */
export interface ForeignFields {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly pending: Readonly<Record<string, unknown>>;
}

/** A contact as it was written, by us or by hand; what the record does not name is `undefined`. */
export interface WrittenContact {
  readonly jid: BareJid;
  readonly inRoster: boolean | undefined;
  /** "" for none. */
  readonly name: string | undefined;
  readonly groups: readonly string[] | undefined;
  readonly subscription: SubscriptionValue | undefined;
  readonly ask: boolean | undefined;
  readonly approved: boolean | undefined;
  readonly request: PendingRequest | undefined;
  readonly version: number | undefined;
  readonly revision: number | undefined;
  readonly foreign: ForeignFields | undefined;
}

type JsonObject = Readonly<Record<string, unknown>>;

const ownFields: ReadonlySet<string> = new Set([
  "name",
  "groups",
  "subscription",
  "pending_requests",
  "ask",
  "approved",
  "in_roster",
  "version",
  "revision",
]);

const ownPending: ReadonlySet<string> = new Set(["subscribe"]);

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The contact that a key of a stored roster names, in canonical form. Not every key is one: others may keep values of
 * their own in the object. A word without `@` or dot could be a domain or such a name; only one whose value has what
 * this server writes with every contact is taken for a domain.
 */
export function contactKey(key: string, record: JsonObject): BareJid | undefined {
  const jid = parseJid(key);
  if (jid === undefined || jid.resource !== "") return undefined;
  return jid.local !== "" || /[.[]/.test(jid.domain) || isOurRecord(record) ? jid.bare : undefined;
}

function isOurRecord({ subscription, version, revision }: JsonObject): boolean {
  return isSubscriptionValue(subscription) && count(version) !== undefined && count(revision) !== undefined;
}

function isSubscriptionValue(value: unknown): value is SubscriptionValue {
  return value === "none" || value === "to" || value === "from" || value === "both";
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

function readRequest(owner: BareJid, jid: BareJid, value: unknown): PendingRequest | undefined {
  if (value === undefined || value === null || value === false) return undefined;
  const bare = bareRequest(jid, owner);
  if (!isJsonObject(value)) return { stanza: bare, at: 0 };
  const stored = typeof value.stanza === "string" ? parseStanza(value.stanza) : undefined;
  const stanza =
    stored?.kind === "presence" && stored.type === "subscribe" ? { ...stored, from: jid, to: owner } : bare;
  return { stanza, at: count(value.at) ?? 0 };
}

const nothing: JsonObject = {};

/** The fields that are not ours; the same empty object where there are none. */
function foreignFields(object: JsonObject, own: ReadonlySet<string>): JsonObject {
  let foreign: [string, unknown][] | undefined;
  for (const key in object) {
    if (own.has(key)) continue;
    foreign ??= [];
    foreign.push([key, object[key]]);
  }
  return foreign === undefined ? nothing : Object.fromEntries(foreign);
}

/** The groups of a list that are any, each once. */
function readGroups(list: readonly unknown[]): readonly string[] {
  const groups = list.filter((group) => typeof group === "string" && group !== "") as string[];
  return groups.length < 2 ? groups : [...new Set(groups)];
}

/** Reads a contact of `owner`. Fields of an impossible type count as not named. */
export function readContact(owner: BareJid, jid: BareJid, record: JsonObject): WrittenContact {
  const pending = isJsonObject(record.pending_requests) ? record.pending_requests : nothing;
  const fields = foreignFields(record, ownFields);
  const otherPending = foreignFields(pending, ownPending);
  const isPlain = fields === nothing && otherPending === nothing;
  return {
    jid,
    inRoster: typeof record.in_roster === "boolean" ? record.in_roster : undefined,
    name: typeof record.name === "string" ? record.name : undefined,
    groups: Array.isArray(record.groups) ? readGroups(record.groups) : undefined,
    subscription: isSubscriptionValue(record.subscription) ? record.subscription : undefined,
    ask: typeof record.ask === "string" ? record.ask === "subscribe" : undefined,
    approved: typeof record.approved === "boolean" ? record.approved : undefined,
    request: readRequest(owner, jid, pending.subscribe),
    version: count(record.version),
    revision: count(record.revision),
    foreign: isPlain ? undefined : { fields, pending: otherPending },
  };
}

/** `before` with what the writing names; what it does not name stays, and so does a stored request. */
export function applyWriting(before: ContactFacts, written: WrittenContact): ContactFacts {
  const value = written.subscription ?? subscriptionValue(before.subscription.state);
  const ask = written.ask ?? hasPendingOut(before.subscription.state);
  const asked = written.request ?? before.request;
  const state = subscriptionState(value, ask, asked !== undefined);
  const approved = written.approved ?? before.subscription.approved;
  // Only who merely asked can be kept without being an item.
  const mustShow = value !== "none" || ask || approved;
  return {
    jid: before.jid,
    inRoster: mustShow || (written.inRoster ?? true),
    name: written.name === undefined ? before.name : written.name === "" ? undefined : written.name,
    groups: written.groups ?? before.groups,
    subscription: { state, approved },
    request: state.endsWith("in") ? asked : undefined,
  };
}

/** The fields that operators and Momentum know. */
export function contactRecord(contact: ContactFacts, foreign?: ForeignFields): ContactRecord {
  const { state, approved } = contact.subscription;
  return {
    name: contact.name ?? "",
    groups: contact.groups,
    subscription: subscriptionValue(state),
    pending_requests: {
      ...foreign?.pending,
      ...(contact.request === undefined
        ? {}
        : { subscribe: { stanza: serializeStanza(contact.request.stanza), at: contact.request.at } }),
    },
    ...(hasPendingOut(state) ? { ask: "subscribe" as const } : {}),
    ...(approved ? { approved } : {}),
    ...(contact.inRoster ? {} : { in_roster: false }),
  };
}

/** What `contactRecord` says, as JSON, with `more` before the closing brace. */
export function contactJson(contact: ContactFacts, more: string): string {
  const { state, approved } = contact.subscription;
  let json = `{"name":${contact.name === undefined ? '""' : JSON.stringify(contact.name)}`;
  json += `,"groups":${contact.groups.length === 0 ? "[]" : JSON.stringify(contact.groups)}`;
  json += `,"subscription":"${subscriptionValue(state)}","pending_requests":`;
  json += contact.request === undefined ? "{}" : JSON.stringify(contactRecord(contact).pending_requests);
  if (hasPendingOut(state)) json += ',"ask":"subscribe"';
  if (approved) json += ',"approved":true';
  if (!contact.inRoster) json += ',"in_roster":false';
  return `${json},${more}}`;
}
