import { Element } from "./element.ts";
import { NamespaceScope } from "./namespace-scope.ts";
import { NS } from "./namespaces.ts";
import {
  decodeText,
  illegalCharacter,
  misplacedCharacter,
  normalizeLineEnds,
  scanReference,
} from "./references.ts";
import type { Stanza } from "./stanza.ts";
import { StartTag, skipSpace } from "./start-tag.ts";
import {
  AMPERSAND,
  GREATER_THAN,
  isLegalText,
  LESS_THAN,
  loneSurrogate,
  RIGHT_BRACKET,
  SLASH,
  skipText,
} from "./xml-characters.ts";
import { notWellFormed } from "./xml-error.ts";
import { cdataStart, forbiddenMarkup } from "./xml-markup.ts";

const EXCLAMATION_MARK = 33;
const QUESTION_MARK = 63;

/** Far above what limits of a stream let through; keeps the check for equal names cheap. */
const maxAttributes = 1024;

/** An element that is not closed yet. */
interface OpenElement {
  /** Qualified, for the end tag. */
  readonly qualifiedName: string;
  readonly name: string;
  readonly namespace: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly prefixes: ReadonlyMap<string, string>;
  /** What is in force inside. */
  readonly defaultNamespace: string;
  /** Prefixes bound outside. */
  readonly outside: number;
  readonly children: (Element | string)[];
}

/**
 * The elements of a piece of XML such as `Stanza.payload`; character data between them is left out.
 *
 * @param defaultNamespace in force around the piece.
 * @throws {XmlError} for anything that the stream parser would not let through.
 */
export function parseFragment(xml: string, defaultNamespace: string = NS.client): Element[] {
  if (xml === "") return [];
  return parseElements(xml, defaultNamespace, []).filter((child) => typeof child !== "string");
}

/** The child elements of a stanza, with the namespace declarations of its start tag in force. */
export function stanzaPayload(stanza: Stanza): Element[] {
  if (stanza.extraAttributes === "") return parseFragment(stanza.payload);
  const [parent] = parseFragment(
    `<${stanza.kind}${stanza.extraAttributes}>${stanza.payload}</${stanza.kind}>`,
  );
  return parent === undefined ? [] : parent.elements();
}

/**
 * All content of a piece of XML.
 *
 * @param outer prefixes that stand for the stream namespace.
 * @throws {XmlError}
 */
export function parseElements(
  xml: string,
  defaultNamespace: string,
  outer: readonly string[],
): (Element | string)[] {
  if (loneSurrogate.test(xml)) throw notWellFormed("half a surrogate pair");
  const builder = new TreeBuilder(defaultNamespace, outer);
  return builder.build(normalizeLineEnds(xml));
}

/** Shared: a tag is scanned and used up within one call. */
const tag = new StartTag();

class TreeBuilder {
  readonly #scope = new NamespaceScope();
  readonly #outerDefault: string;
  readonly #open: OpenElement[] = [];
  readonly #top: (Element | string)[] = [];
  #text = "";

  constructor(defaultNamespace: string, outer: readonly string[]) {
    this.#outerDefault = defaultNamespace;
    this.#scope.reset(outer, false);
  }

  build(xml: string): (Element | string)[] {
    const length = xml.length;
    let i = 0;
    while (i < length) {
      i = this.#characterData(xml, i);
      if (i === length) break;
      if (i + 1 === length) throw unfinished();
      const next = xml.charCodeAt(i + 1);
      if (next === SLASH) i = this.#endTag(xml, i);
      else if (next === EXCLAMATION_MARK || next === QUESTION_MARK) i = this.#cdata(xml, i);
      else i = this.#startTag(xml, i);
    }
    if (this.#open.length > 0) throw unfinished();
    this.#flushText();
    return this.#top;
  }

  /** @returns the index of the next `<`, or the end. */
  #characterData(xml: string, start: number): number {
    const length = xml.length;
    let coded = false;
    let i = start;
    for (;;) {
      i = skipText(xml, i);
      if (i === length) break;
      const code = xml.charCodeAt(i);
      if (code === LESS_THAN) break;
      if (code === AMPERSAND) {
        i = scanReference(xml, i);
        if (i === -1) throw unfinished();
        coded = true;
      } else if (code === RIGHT_BRACKET) {
        if (xml.startsWith("]]>", i)) throw notWellFormed("]]> in character data");
        i++;
      } else throw misplacedCharacter(code);
    }
    if (i > start) this.#text += coded ? decodeText(xml.slice(start, i)) : xml.slice(start, i);
    return i;
  }

  #cdata(xml: string, start: number): number {
    if (!xml.startsWith(cdataStart, start)) throw forbiddenMarkup(xml, start) ?? unfinished();
    const first = start + cdataStart.length;
    const end = xml.indexOf("]]>", first);
    if (end === -1) throw unfinished();
    if (!isLegalText(xml.slice(first, end))) throw illegalCharacter();
    this.#text += xml.slice(first, end);
    return end + 3;
  }

  #startTag(xml: string, start: number): number {
    const scope = this.#scope;
    if (!tag.scan(xml, start, maxAttributes)) throw unfinished();
    const outside = scope.size;
    scope.enter(xml, tag);
    const parent = this.#open.at(-1);
    const outerDefault = parent === undefined ? this.#outerDefault : parent.defaultNamespace;
    const defaultNamespace =
      tag.defaultDeclaration === -1 ? outerDefault : tag.value(xml, tag.defaultDeclaration);
    const prefix = tag.prefix(xml);
    if (prefix === "xmlns") throw notWellFormed("element with the prefix xmlns");
    this.#flushText();

    const attributes = new Map<string, string>();
    const prefixes = new Map<string, string>();
    for (let i = 0; i < tag.count; i++) {
      if (i === tag.defaultDeclaration || tag.declaresPrefix(xml, i)) continue;
      if (tag.isPrefixed(i)) {
        const attributePrefix = tag.attributePrefix(xml, i);
        if (attributePrefix !== "xml") prefixes.set(attributePrefix, scope.resolve(attributePrefix));
      }
      attributes.set(tag.attributeName(xml, i), tag.value(xml, i));
    }
    this.#open.push({
      qualifiedName: tag.name(xml),
      name: tag.localName(xml),
      namespace: prefix === "" ? defaultNamespace : scope.resolve(prefix),
      attributes,
      prefixes,
      defaultNamespace,
      outside,
      children: [],
    });
    if (tag.selfClosing) this.#closeElement();
    return tag.end;
  }

  #endTag(xml: string, start: number): number {
    const name = this.#open.at(-1)?.qualifiedName;
    if (name === undefined || !xml.startsWith(name, start + 2))
      throw notWellFormed("end tag that does not match");
    const end = skipSpace(xml, start + 2 + name.length);
    if (end === xml.length) throw unfinished();
    if (xml.charCodeAt(end) !== GREATER_THAN) throw notWellFormed("end tag that does not match");
    this.#flushText();
    this.#closeElement();
    return end + 1;
  }

  #closeElement(): void {
    const { name, namespace, attributes, prefixes, outside, children } = this.#open.pop()!;
    this.#scope.leave(outside);
    this.#append(new Element(name, namespace, attributes, children, prefixes));
  }

  #flushText(): void {
    if (this.#text === "") return;
    this.#append(this.#text);
    this.#text = "";
  }

  #append(child: Element | string): void {
    const parent = this.#open.at(-1);
    (parent === undefined ? this.#top : parent.children).push(child);
  }
}

function unfinished(): Error {
  return notWellFormed("XML that ends too early");
}
