import { NS } from "./namespaces.ts";
import { escapeAttribute, escapeText, makeStanza, type Stanza } from "./stanza.ts";

/** RFC 6120, 8.3.2: what the sender may do about it. */
export type StanzaErrorType = "auth" | "cancel" | "continue" | "modify" | "wait";

/**
 * Every stanza error condition of RFC 6120, 8.3.3, with the type that goes with it by default. Where the RFC
 * leaves a choice the first it names is taken; `undefined-condition`, which may have any type, is `cancel`.
 */
export const stanzaErrorTypes = {
  "bad-request": "modify",
  conflict: "cancel",
  "feature-not-implemented": "cancel",
  forbidden: "auth",
  gone: "cancel",
  "internal-server-error": "cancel",
  "item-not-found": "cancel",
  "jid-malformed": "modify",
  "not-acceptable": "modify",
  "not-allowed": "cancel",
  "not-authorized": "auth",
  "policy-violation": "modify",
  "recipient-unavailable": "wait",
  redirect: "modify",
  "registration-required": "auth",
  "remote-server-not-found": "cancel",
  "remote-server-timeout": "wait",
  "resource-constraint": "wait",
  "service-unavailable": "cancel",
  "subscription-required": "auth",
  "undefined-condition": "cancel",
  "unexpected-request": "wait",
} as const satisfies Record<string, StanzaErrorType>;

export type StanzaErrorCondition = keyof typeof stanzaErrorTypes;

/** A condition by its name; an unknown one counts as `undefined-condition` (RFC 6120, 8.3.2). */
export function stanzaErrorCondition(name: string): StanzaErrorCondition {
  return Object.hasOwn(stanzaErrorTypes, name) ? (name as StanzaErrorCondition) : "undefined-condition";
}

export interface StanzaErrorOptions {
  /** Instead of the condition's default type. */
  readonly type?: StanzaErrorType | undefined;
  /** Diagnostic, in English; never interpreted by programs. */
  readonly text?: string | undefined;
  /** Who found the error, where that is not the `from` of the stanza (RFC 6120, 8.3.1 r5). */
  readonly by?: string | undefined;
  /** Content of `gone` and `redirect`: the new address as a URI (8.3.3.5, 8.3.3.14). */
  readonly uri?: string | undefined;
  /** An application-specific condition as XML, with its own namespace (8.3.4). */
  readonly application?: string | undefined;
}

/** The `<error/>` child of an error stanza, for a `jabber:client` default namespace. */
export function errorElementXml(condition: StanzaErrorCondition, options: StanzaErrorOptions = {}): string {
  const by = options.by === undefined ? "" : ` by="${escapeAttribute(options.by)}"`;
  const defined =
    options.uri === undefined
      ? `<${condition} xmlns="${NS.stanzaErrors}"/>`
      : `<${condition} xmlns="${NS.stanzaErrors}">${escapeText(options.uri)}</${condition}>`;
  const text =
    options.text === undefined || options.text === ""
      ? ""
      : `<text xmlns="${NS.stanzaErrors}" xml:lang="en">${escapeText(options.text)}</text>`;
  const type = options.type ?? stanzaErrorTypes[condition];
  return `<error type="${type}"${by}>${defined}${text}${options.application ?? ""}</error>`;
}

export interface ErrorReplyOptions extends StanzaErrorOptions {
  /** Instead of the `to` of the stanza. */
  readonly from?: string | undefined;
  /** Instead of the `from` of the stanza. */
  readonly to?: string | undefined;
}

/**
 * The error stanza that answers `stanza` (RFC 6120, 8.3.1): same kind and id, addresses swapped. The payload is
 * not repeated. Error stanzas are never answered by error stanzas; the caller looks at the type first.
 */
export function errorReply(
  stanza: Stanza,
  condition: StanzaErrorCondition,
  options: ErrorReplyOptions = {},
): Stanza {
  return makeStanza(stanza.kind, {
    type: "error",
    from: options.from ?? stanza.to,
    to: options.to ?? stanza.from,
    id: stanza.id,
    payload: errorElementXml(condition, options),
    childName: "error",
    childNamespace: NS.client,
  });
}
