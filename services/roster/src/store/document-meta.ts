/** The metadata of a stored roster: everything that is not about one contact, within a bounded size. Pure. */
import {
  forgetRemovals,
  type RemovedContact,
  type Subscription,
  type SubscriptionState,
  subscriptionTable,
} from "@rollcall/rfc6121";
import { type BareJid, parseStanza, serializeStanza } from "@rollcall/xmpp";
import { type AppliedCommand, type AppliedEvent, type CommandLog, withoutOldest } from "./command-log.ts";
import { isJsonObject } from "./contact-record.ts";
import type { RosterDocument } from "./roster-document.ts";

export interface DocumentMeta {
  readonly version: number;
  readonly revision: number;
  readonly removalsKnownSince: number;
  readonly digest: string;
  readonly removed: ReadonlyMap<BareJid, RemovedContact>;
  readonly commands: CommandLog;
}

/** Names of the metadata; `x-riak-meta-` comes before them on the wire. */
const names = { state: "rollcall", removed: "rollcall-removed", commands: "rollcall-commands" } as const;

/** Bytes; Riak takes header lines of 8 KB at most, and all of it is read with every roster. */
const maxRemovedBytes = 2_500;
const maxCommandsBytes = 3_000;
/** UTF-16 units of a stanza that is kept with its command; of a longer one only the type is. */
const maxStanzaLength = 1_000;

function nonAscii(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** JSON in ASCII, so that its length is the number of bytes; `%` is three on the wire. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, nonAscii);
}

function bytesOf(json: string): number {
  return json.length + 2 * (json.split("%").length - 1);
}

function removedEntry([jid, { version, revision }]: readonly [BareJid, RemovedContact]): unknown[] {
  return [jid, version, revision];
}

function commandEntry({ id, event, contact, before, stanza, confirmed }: AppliedCommand): unknown[] {
  const entry = [
    id.origin,
    id.session,
    id.sequence,
    event,
    contact,
    before.state,
    before.approved ? 1 : 0,
    confirmed ? 1 : 0,
  ];
  const hasContent = stanza !== undefined && (stanza.payload !== "" || stanza.id !== undefined);
  if (confirmed || !hasContent) return entry;
  const xml = serializeStanza(stanza);
  return xml.length > maxStanzaLength ? entry : [...entry, xml];
}

/** How many of the newest removals fit. */
function removalsThatFit(removed: ReadonlyMap<BareJid, RemovedContact>): number {
  let bytes = 2;
  let fitting = 0;
  for (const entry of [...removed].reverse()) {
    bytes += bytesOf(asciiJson(removedEntry(entry))) + 1;
    if (bytes > maxRemovedBytes) break;
    fitting += 1;
  }
  return fitting;
}

/** The document with as many removals and commands as its metadata can hold. */
export function fitToMeta(document: RosterDocument): RosterDocument {
  const { removed } = document.roster;
  const roster =
    removed.size === 0 ? document.roster : forgetRemovals(document.roster, removalsThatFit(removed));
  let { commands } = document;
  while (commands.length > 0 && bytesOf(asciiJson(commands.map(commandEntry))) > maxCommandsBytes) {
    const withStanza = commands.findIndex((command) => command.stanza !== undefined);
    const known = commands[withStanza];
    commands =
      known === undefined
        ? withoutOldest(commands)
        : commands.with(withStanza, { ...known, stanza: undefined });
  }
  return roster === document.roster && commands === document.commands
    ? document
    : { ...document, roster, commands };
}

/** @param document one that `fitToMeta` has been through */
export function encodeMeta(document: RosterDocument, digest: string): Record<string, string> {
  const { version, revision, removalsKnownSince, removed } = document.roster;
  const meta: Record<string, string> = {
    [names.state]: asciiJson({
      format: 1,
      version,
      revision,
      removals_known_since: removalsKnownSince,
      digest,
    }),
  };
  if (removed.size > 0) meta[names.removed] = asciiJson([...removed].map(removedEntry));
  if (document.commands.length > 0) meta[names.commands] = asciiJson(document.commands.map(commandEntry));
  return meta;
}

function parse(json: string | undefined): unknown {
  if (json === undefined) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    // Metadata that somebody has mangled counts as missing.
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

const events: ReadonlySet<unknown> = new Set([...Object.keys(subscriptionTable.none), "set", "remove"]);

function readCommand(entry: unknown): AppliedCommand | undefined {
  if (!Array.isArray(entry)) return undefined;
  const [origin, session, sequence, event, contact, state, approved, confirmed, xml] = entry as unknown[];
  if (typeof origin !== "string" || !isCount(session) || !isCount(sequence)) return undefined;
  if (!events.has(event) || typeof contact !== "string" || !Object.hasOwn(subscriptionTable, String(state))) {
    return undefined;
  }
  const before: Subscription = { state: state as SubscriptionState, approved: approved === 1 };
  return {
    id: { origin, session, sequence },
    event: event as AppliedEvent,
    contact: contact as BareJid,
    before,
    stanza: typeof xml === "string" ? parseStanza(xml) : undefined,
    confirmed: confirmed === 1,
  };
}

/** The metadata of an object, `undefined` where it is not ours or no longer makes sense. */
export function readMeta(metadata: Readonly<Record<string, string>>): DocumentMeta | undefined {
  const state = parse(metadata[names.state]);
  if (!isJsonObject(state)) return undefined;
  const { format, version, revision, removals_known_since: removalsKnownSince, digest } = state;
  if (format !== 1 || !isCount(version) || !isCount(revision) || !isCount(removalsKnownSince))
    return undefined;
  if (typeof digest !== "string") return undefined;
  const removed = new Map<BareJid, RemovedContact>();
  const entries = parse(metadata[names.removed]);
  for (const entry of Array.isArray(entries) ? entries : []) {
    if (!Array.isArray(entry)) continue;
    const [jid, at, revised] = entry as unknown[];
    if (typeof jid === "string" && isCount(at) && isCount(revised)) {
      removed.set(jid as BareJid, { version: at, revision: revised });
    }
  }
  const commands = parse(metadata[names.commands]);
  return {
    version,
    revision,
    removalsKnownSince,
    digest,
    removed,
    commands: (Array.isArray(commands) ? commands : [])
      .map(readCommand)
      .filter((command) => command !== undefined),
  };
}
