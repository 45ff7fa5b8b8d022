/** `jabber:iq:roster` (RFC 6121, 2.1): iq ⇄ request, result and item, and every refusal of a malformed request. */
import {
  type BareJid,
  bareOf,
  type Element,
  escapeAttribute,
  escapeText,
  makeStanza,
  NS,
  parseJid,
  prepareOpaque,
  type Stanza,
  type StanzaErrorCondition,
  stanzaPayload,
} from "@rollcall/xmpp";
import { type ContactFacts, type ItemChange, type Roster, rosterItems } from "./roster.ts";
import type { ItemSet, RosterLimits } from "./roster-decisions.ts";
import { hasPendingOut, subscriptionValue } from "./subscription.ts";

export type RosterRequest =
  | {
      readonly kind: "get";
      /** `ver` as the client sent it (2.6.2). */
      readonly version: string | undefined;
    }
  | { readonly kind: "set"; readonly item: ItemSet }
  | { readonly kind: "remove"; readonly jid: BareJid };

export interface RosterIqRefusal {
  readonly kind: "refused";
  readonly condition: StanzaErrorCondition;
  readonly text: string;
}

function refused(condition: StanzaErrorCondition, text: string): RosterIqRefusal {
  return { kind: "refused", condition, text };
}

const encoder = new TextEncoder();

function isLongerThan(text: string, bytes: number): boolean {
  if (text.length > bytes) return true;
  return text.length * 3 > bytes && encoder.encode(text).length > bytes;
}

/** Two groups are the same when OpaqueString says so (2.3.3); what it does not accept is compared as it stands. */
function hasDuplicates(groups: readonly string[]): boolean {
  if (groups.length < 2) return false;
  return new Set(groups.map((group) => prepareOpaque(group) ?? group)).size < groups.length;
}

function parseItem(item: Element, owner: BareJid, limits: RosterLimits): RosterRequest | RosterIqRefusal {
  const address = item.attribute("jid");
  if (address === undefined) return refused("bad-request", "The item has no jid.");
  const jid = parseJid(address)?.bare;
  if (jid === undefined) return refused("jid-malformed", "The jid of the item is not an address.");
  if (item.attribute("subscription") === "remove") return { kind: "remove", jid };
  if (jid === owner) return refused("not-allowed", "An account cannot be its own contact.");

  const name = item.attribute("name");
  if (name !== undefined && isLongerThan(name, limits.maxNameBytes)) {
    return refused("not-acceptable", `A name has at most ${limits.maxNameBytes} bytes.`);
  }
  const groups: string[] = [];
  for (const child of item.elements()) {
    if (child.name === "group" && child.namespace === NS.roster) groups.push(child.text());
  }
  if (groups.length > limits.maxGroupsPerItem) {
    return refused("not-acceptable", `A contact is in at most ${limits.maxGroupsPerItem} groups.`);
  }
  for (const group of groups) {
    if (group === "") return refused("not-acceptable", "A group has an empty name.");
    if (isLongerThan(group, limits.maxNameBytes)) {
      return refused("not-acceptable", `The name of a group has at most ${limits.maxNameBytes} bytes.`);
    }
  }
  if (hasDuplicates(groups)) return refused("bad-request", "A group is named twice.");
  return { kind: "set", item: { jid, name: name === "" ? undefined : name, groups } };
}

/**
 * Reads a roster get or set that reached the roster of `owner`, whose session sent it.
 *
 * A resourcepart of an item's jid is dropped: contacts are bare JIDs. `subscription` other than `remove`, `ask`,
 * `approved` and unknown attributes are ignored, and so are items in a get (2.1.2.5, 2.1.5).
 */
export function parseRosterIq(
  iq: Stanza,
  owner: BareJid,
  limits: RosterLimits,
): RosterRequest | RosterIqRefusal {
  if (iq.to !== undefined && bareOf(iq.to) !== owner) {
    return refused("forbidden", "A roster belongs to its account alone.");
  }
  if (iq.type !== "get" && iq.type !== "set") return refused("bad-request", "Neither a get nor a set.");
  if (iq.childCount !== 1)
    return refused("bad-request", "An iq request has exactly one child (RFC 6120, 8.2.3).");
  const query = stanzaPayload(iq)[0];
  if (query === undefined || query.name !== "query" || query.namespace !== NS.roster) {
    return refused("service-unavailable", "Not a roster request.");
  }
  if (iq.type === "get") return { kind: "get", version: query.attribute("ver") };
  const items = query.elements().filter((child) => child.name === "item" && child.namespace === NS.roster);
  const [item] = items;
  if (item === undefined || items.length > 1)
    return refused("bad-request", "A roster set has exactly one item.");
  return parseItem(item, owner, limits);
}

/** The `<item/>` of a contact as XML, for a place where `jabber:iq:roster` is the default namespace. */
export function itemXml(contact: ContactFacts): string {
  const { state, approved } = contact.subscription;
  let xml = `<item jid="${escapeAttribute(contact.jid)}"`;
  if (contact.name !== undefined) xml += ` name="${escapeAttribute(contact.name)}"`;
  xml += ` subscription="${subscriptionValue(state)}"`;
  if (hasPendingOut(state)) xml += ' ask="subscribe"';
  if (approved) xml += ' approved="true"';
  if (contact.groups.length === 0) return `${xml}/>`;
  xml += ">";
  for (const group of contact.groups) xml += `<group>${escapeText(group)}</group>`;
  return `${xml}</item>`;
}

/** The `<item/>` that tells clients of a removal (2.5.2). */
export function removedItemXml(jid: BareJid): string {
  return `<item jid="${escapeAttribute(jid)}" subscription="remove"/>`;
}

export function itemChangeXml(change: ItemChange): string {
  return change.kind === "item" ? itemXml(change.contact) : removedItemXml(change.jid);
}

/** All items of a roster, as the content of a `<query/>`. */
export function itemsXml(roster: Roster): string {
  let xml = "";
  for (const contact of rosterItems(roster)) xml += itemXml(contact);
  return xml;
}

/** The complete roster in answer to a get; an empty one has an empty `<query/>` (2.1.4). */
export function rosterResult(iq: Stanza, items: string, version: number): Stanza {
  const start = `<query xmlns="${NS.roster}" ver="${version}"`;
  return makeStanza("iq", {
    type: "result",
    from: iq.to,
    to: iq.from,
    id: iq.id,
    payload: items === "" ? `${start}/>` : `${start}>${items}</query>`,
    childName: "query",
    childNamespace: NS.roster,
  });
}

/** The result without content: to a set, and to a get whose changes follow as pushes (2.6.3). */
export function emptyResult(iq: Stanza): Stanza {
  return makeStanza("iq", { type: "result", from: iq.to, to: iq.from, id: iq.id });
}
