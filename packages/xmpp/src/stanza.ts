/**
 * A stanza as it travels: a routing header, and the raw XML of its children.
 *
 * A hop that only routes reads the header and never builds a tree. The payload is well-formed, was checked by
 * the stream parser, and is complete by itself inside a `jabber:client` default namespace: every prefix that it
 * uses is declared in it or in `extraAttributes`. Stanzas are never changed in place; the next one is built.
 */

export type StanzaKind = "message" | "presence" | "iq";

export interface Stanza {
  readonly kind: StanzaKind;
  /** The `type` attribute as sent; `undefined` where absent. */
  readonly type: string | undefined;
  /** Unescaped attribute values, `undefined` where absent. */
  readonly to: string | undefined;
  readonly from: string | undefined;
  readonly id: string | undefined;
  readonly lang: string | undefined;
  /** Other attributes and namespace declarations of the start tag as XML, each after a space; mostly "". */
  readonly extraAttributes: string;
  /** The children as XML; "" where there are none. */
  readonly payload: string;
  /** Local name and namespace of the first child element. */
  readonly childName: string | undefined;
  readonly childNamespace: string | undefined;
  /** Number of child elements; an iq get or set has exactly one (RFC 6120, 8.2.3). */
  readonly childCount: number;
}

// Surrogates are looked at one by one only in the slow path, where the pairs among them are kept.
const attributeSpecials = /[&<>"'\0-\x1f\ud800-\udfff\ufffe\uffff]/;
const illegalCharacters = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/**
 * Escapes a value for an attribute in single or double quotes; white space survives normalisation. Characters that
 * XML 1.0 does not allow are left out.
 */
export function escapeAttribute(value: string): string {
  if (!attributeSpecials.test(value)) return value;
  return value
    .replace(illegalCharacters, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&apos;")
    .replaceAll("\t", "&#9;")
    .replaceAll("\n", "&#10;")
    .replaceAll("\r", "&#13;");
}

const textSpecials = /[&<>\0-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]/;

/** Escapes character data. Characters that XML 1.0 does not allow are left out. */
export function escapeText(value: string): string {
  if (!textSpecials.test(value)) return value;
  return value
    .replace(illegalCharacters, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("\r", "&#13;");
}

function attribute(name: string, value: string | undefined): string {
  return value === undefined ? "" : ` ${name}="${escapeAttribute(value)}"`;
}

/** The two halves of a serialised stanza around its escaped `to`, for a fan-out that differs in `to` alone. */
export interface StanzaHalves {
  readonly before: string;
  readonly after: string;
}

function tail(stanza: Stanza): string {
  const attributes =
    attribute("type", stanza.type) +
    attribute("id", stanza.id) +
    attribute("xml:lang", stanza.lang) +
    stanza.extraAttributes;
  return stanza.payload === "" ? `${attributes}/>` : `${attributes}>${stanza.payload}</${stanza.kind}>`;
}

/** The stanza as XML for a stream whose default namespace is `jabber:client`. */
export function serializeStanza(stanza: Stanza): string {
  return `<${stanza.kind}${attribute("from", stanza.from)}${attribute("to", stanza.to)}${tail(stanza)}`;
}

/** `before + escapeAttribute(to) + after` is the stanza sent to `to`. */
export function stanzaHalves(stanza: Stanza): StanzaHalves {
  return { before: `<${stanza.kind}${attribute("from", stanza.from)} to="`, after: `"${tail(stanza)}` };
}

/** What `makeStanza` may be given; everything left out is absent. */
export interface StanzaParts {
  readonly type?: string | undefined;
  readonly to?: string | undefined;
  readonly from?: string | undefined;
  readonly id?: string | undefined;
  readonly lang?: string | undefined;
  readonly payload?: string | undefined;
  readonly childName?: string | undefined;
  readonly childNamespace?: string | undefined;
  readonly childCount?: number | undefined;
}

/** Builds a stanza of the server's own. The caller vouches that `payload` is well-formed. */
export function makeStanza(kind: StanzaKind, parts: StanzaParts): Stanza {
  return {
    kind,
    type: parts.type,
    to: parts.to,
    from: parts.from,
    id: parts.id,
    lang: parts.lang,
    extraAttributes: "",
    payload: parts.payload ?? "",
    childName: parts.childName,
    childNamespace: parts.childNamespace,
    childCount: parts.childCount ?? (parts.childName === undefined ? 0 : 1),
  };
}
