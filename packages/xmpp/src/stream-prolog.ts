import { NamespaceScope } from "./namespace-scope.ts";
import { NS } from "./namespaces.ts";
import { StartTag } from "./start-tag.ts";
import { notWellFormed, XmlError } from "./xml-error.ts";

/** What the initial stream header says (RFC 6120, 4.7); attribute values as sent, not yet prepared or checked. */
export interface StreamHeader {
  readonly to: string | undefined;
  readonly from: string | undefined;
  readonly version: string | undefined;
  readonly lang: string | undefined;
  readonly id: string | undefined;
  /** `jabber:client`, or "" where the header declares none and each stanza does (4.8.2). */
  readonly contentNamespace: string;
}

/** The header with what the parser needs to go on. */
export interface ScannedHeader {
  readonly header: StreamHeader;
  /** Qualified name, for the end tag. */
  readonly name: string;
  /** Default namespace of first-level elements; "" for none. */
  readonly defaultNamespace: string;
  /** Prefixes that stand for the stream namespace. */
  readonly prefixes: readonly string[];
  readonly selfClosing: boolean;
  readonly end: number;
}

const longestDeclaration = 256;
const declarationStart = /^<\?xml[ \t\r\n]/;
const declaration =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"([^"]*)"|'([^']*)')(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"([^"]*)"|'([^']*)'))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>$/;

/**
 * Reads the XML declaration at `position`, if there is one (XML 1.0, 2.8; RFC 6120, 11.5, 11.6, 11.8). A standalone
 * declaration has no meaning in XMPP and is ignored.
 *
 * @returns the index after it, `position` itself where there is none, -1 where more text is needed.
 * @throws {XmlError}
 */
export function scanDeclaration(text: string, position: number): number {
  const head = text.slice(position, position + 6);
  if (!declarationStart.test(head)) return "<?xml".startsWith(head) ? -1 : position;
  const found = text.indexOf("?>", position);
  if (found === -1 || found - position > longestDeclaration) {
    if (text.length - position <= longestDeclaration) return -1;
    throw notWellFormed("XML declaration without end");
  }
  const match = declaration.exec(text.slice(position, found + 2));
  if (match === null) throw notWellFormed("XML declaration in another form than XML 1.0 gives it");
  const version = match[1] ?? match[2] ?? "";
  const encoding = match[3] ?? match[4];
  if (!/^1\.[0-9]+$/.test(version)) throw notWellFormed("XML declaration without a version");
  if (version !== "1.0") throw new XmlError("bad-format", "another version of XML than 1.0");
  if (encoding !== undefined && !/^[A-Za-z][A-Za-z0-9._-]*$/.test(encoding)) {
    throw notWellFormed("XML declaration with an illegal encoding name");
  }
  if (encoding !== undefined && encoding.toUpperCase() !== "UTF-8") {
    throw new XmlError("unsupported-encoding", "another encoding than UTF-8 declared");
  }
  return found + 2;
}

const tag = new StartTag();

/**
 * Reads the start tag of the stream, whose `<` is at `position` (RFC 6120, 4.7 and 4.8). Accepted are the prefix
 * `stream`, or none where the stream namespace is the default; the content namespace `jabber:client`, or none.
 *
 * @returns what the rest of the tag must contain, where it is not complete yet.
 * @throws {XmlError}
 */
export function scanHeader(text: string, position: number, maxAttributes: number): ScannedHeader | RegExp {
  if (!tag.scan(text, position, maxAttributes)) return tag.awaited;
  const scope = new NamespaceScope();
  scope.reset([], false);
  scope.enter(text, tag);
  const declared = tag.defaultDeclaration === -1 ? "" : tag.value(text, tag.defaultDeclaration);
  const prefix = tag.prefix(text);
  if (prefix === "xmlns") throw notWellFormed("element with the prefix xmlns");
  const namespace = prefix === "" ? declared : scope.resolve(prefix);
  if (namespace !== NS.stream) throw new XmlError("invalid-namespace", "root element in no stream namespace");
  if (prefix !== "" && prefix !== "stream") {
    throw new XmlError("bad-namespace-prefix", "stream namespace with another prefix than stream");
  }
  if (tag.localName(text) !== "stream") throw new XmlError("bad-format", "root element that is no stream");
  if (declared !== "" && declared !== NS.client && declared !== NS.stream) {
    throw new XmlError("invalid-namespace", "content namespace that is not supported");
  }

  const prefixes: string[] = [];
  const values = new Map<string, string>();
  for (let i = 0; i < tag.count; i++) {
    if (tag.declaresPrefix(text, i)) {
      const bound = tag.attributeLocalName(text, i);
      if (bound === "xml") continue;
      // Stanzas lose the context of the header, so it may declare nothing for them (RFC 6120, 4.8.5).
      if (scope.resolve(bound) !== NS.stream) {
        throw new XmlError("invalid-namespace", "namespace for stanzas declared in the stream header");
      }
      prefixes.push(bound);
    } else values.set(tag.attributeName(text, i), tag.value(text, i));
  }
  return {
    header: {
      to: values.get("to"),
      from: values.get("from"),
      version: values.get("version"),
      lang: values.get("xml:lang"),
      id: values.get("id"),
      contentNamespace: declared === NS.stream ? "" : declared,
    },
    name: tag.name(text),
    defaultNamespace: declared,
    prefixes,
    selfClosing: tag.selfClosing,
    end: tag.end,
  };
}
