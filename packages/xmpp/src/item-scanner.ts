import { NamespaceScope } from "./namespace-scope.ts";
import { NS } from "./namespaces.ts";
import { illegalCharacter, misplacedCharacter, normalizeLineEnds, scanReference } from "./references.ts";
import { escapeAttribute, type Stanza, type StanzaKind } from "./stanza.ts";
import { StartTag, skipSpace } from "./start-tag.ts";
import {
  AMPERSAND,
  GREATER_THAN,
  isLegalText,
  LESS_THAN,
  RIGHT_BRACKET,
  SLASH,
  skipText,
} from "./xml-characters.ts";
import { notWellFormed, XmlError } from "./xml-error.ts";
import { cdataStart, forbiddenMarkup } from "./xml-markup.ts";

const EXCLAMATION_MARK = 33;
const QUESTION_MARK = 63;
const endOfTag = />/;
const notSpace = /[^ \t\r\n]/;

/** What surrounds first-level elements. */
export interface ItemContext {
  /** Default namespace of the stream; "" for none. */
  readonly defaultNamespace: string;
  /** Prefixes of the stream header that stand for the stream namespace. */
  readonly prefixes: readonly string[];
  /** Elements within each other, the first-level one included. */
  readonly maxDepth: number;
  readonly maxAttributes: number;
}

/** Shared by all scanners: a tag is scanned and used up, or forgotten, within one call. */
const tag = new StartTag();

/**
 * Scans one first-level element of a stream, in as many steps as its text takes to arrive, and checks all of it.
 * No tree is built: the result is a `Stanza` or the raw XML of another element.
 *
 * `begin`, then `resume` while they answer false; the text handed to `resume` is the one before, less what `release`
 * cut off, plus more. Everything found wrong is thrown as `XmlError`, after which the scanner is of no use.
 */
export class ItemScanner {
  /** Up to where the text is dealt with: after the element once it is complete. */
  position = 0;
  /** After an incomplete step: the unfinished piece begins at `position` and needs one of these; undefined for any. */
  awaited: RegExp | undefined;

  readonly #scope = new NamespaceScope();
  /** Names of the open elements, and how many prefixes were bound outside each. */
  readonly #names: string[] = [];
  readonly #outside: number[] = [];
  #depth = 0;
  #maxDepth = 0;
  #maxAttributes = 0;
  #inCdata = false;

  #kind: StanzaKind | undefined;
  #type: string | undefined;
  #to: string | undefined;
  #from: string | undefined;
  #id: string | undefined;
  #lang: string | undefined;
  #extraAttributes = "";
  #childName: string | undefined;
  #childNamespace: string | undefined;
  #childCount = 0;

  /** What to keep of the text begins here: the payload of a stanza, the whole of another element. */
  #rawStart = 0;
  #rawEnd = 0;
  /** What was kept of text that `release` cut off. */
  #kept = "";

  /** Scans from the `<` at `position`; the character after it is there and begins no other markup. */
  begin(text: string, position: number, context: ItemContext): boolean {
    this.position = position;
    this.#maxDepth = context.maxDepth;
    this.#maxAttributes = context.maxAttributes;
    if (!tag.scan(text, position, context.maxAttributes)) {
      this.awaited = tag.awaited;
      return false;
    }
    const scope = this.#scope;
    scope.reset(context.prefixes, false);
    scope.enter(text, tag);
    this.#readName(text, context.defaultNamespace);
    if (this.#kind !== undefined) this.#readAttributes(text);

    this.position = tag.end;
    this.#rawStart = this.#kind === undefined ? position : tag.end;
    this.#rawEnd = tag.end;
    if (tag.selfClosing) return true;
    this.#names[0] = tag.name(text);
    this.#outside[0] = 0;
    this.#depth = 1;
    return this.resume(text);
  }

  /** True after the first start tag: `begin` is over and `resume` is next. */
  get started(): boolean {
    return this.#depth > 0;
  }

  /** Forgets the element, so that another can begin. */
  clear(): void {
    this.awaited = undefined;
    this.#depth = 0;
    this.#inCdata = false;
    this.#kind = undefined;
    this.#type = undefined;
    this.#to = undefined;
    this.#from = undefined;
    this.#id = undefined;
    this.#lang = undefined;
    this.#extraAttributes = "";
    this.#childName = undefined;
    this.#childNamespace = undefined;
    this.#childCount = 0;
    this.#kept = "";
  }

  /** Finds out what the element is (RFC 6120, 4.8.3 to 4.8.5). */
  #readName(text: string, outerDefault: string): void {
    let namespace = outerDefault;
    if (tag.nameColon !== -1) namespace = this.#resolveElement(text);
    else if (tag.defaultDeclaration !== -1) namespace = tag.value(text, tag.defaultDeclaration);
    if (namespace === NS.client) {
      const name = tag.name(text);
      if (name === "message" || name === "presence" || name === "iq") {
        this.#kind = name;
        this.#scope.close();
      }
    } else if (namespace === NS.server || namespace === "") {
      throw new XmlError("invalid-namespace", "first-level element in no supported content namespace");
    }
  }

  /** Namespace of a prefixed element name. */
  #resolveElement(text: string): string {
    const prefix = tag.prefix(text);
    if (prefix === "xmlns") throw notWellFormed("element with the prefix xmlns");
    const namespace = this.#scope.resolve(prefix);
    if (namespace === NS.client) {
      throw new XmlError("bad-namespace-prefix", "prefix on an element of the content namespace");
    }
    return namespace;
  }

  /** Attributes of a stanza; declarations and foreign attributes are written anew, the default namespace is implied. */
  #readAttributes(text: string): void {
    for (let i = 0; i < tag.count; i++) {
      if (i === tag.defaultDeclaration) continue;
      const name = tag.attributeName(text, i);
      const value = tag.value(text, i);
      switch (name) {
        case "to":
          this.#to = value;
          break;
        case "id":
          this.#id = value;
          break;
        case "type":
          this.#type = value;
          break;
        case "from":
          this.#from = value;
          break;
        case "xml:lang":
          this.#lang = value;
          break;
        default:
          if (tag.isPrefixed(i) && !tag.declaresPrefix(text, i)) {
            this.#scope.resolve(tag.attributePrefix(text, i));
          }
          this.#extraAttributes += ` ${name}="${escapeAttribute(value)}"`;
      }
    }
  }

  /** Goes on after the first start tag. */
  resume(text: string): boolean {
    const length = text.length;
    let i = this.position;
    this.awaited = undefined;
    for (;;) {
      if (this.#inCdata) {
        i = this.#scanCdata(text, i);
        if (this.#inCdata) return this.#suspend(i);
      }
      if (i < length && text.charCodeAt(i) !== LESS_THAN) i = skipText(text, i);
      if (i + 1 >= length) {
        if (i < length) checkLast(text.charCodeAt(i));
        return this.#suspend(i);
      }
      const code = text.charCodeAt(i);
      if (code === LESS_THAN) {
        const next = text.charCodeAt(i + 1);
        let end: number;
        if (next === SLASH) {
          end = this.#scanEndTag(text, i);
          if (end !== -1 && this.#depth === 0) {
            this.#rawEnd = this.#kind === undefined ? end : i;
            this.position = end;
            return true;
          }
        } else if (next === EXCLAMATION_MARK || next === QUESTION_MARK) end = this.#scanMarkup(text, i);
        else end = this.#scanStartTag(text, i);
        if (end === -1) return this.#suspend(i);
        i = end;
      } else if (code === AMPERSAND) {
        const end = scanReference(text, i);
        if (end === -1) return this.#suspend(i);
        i = end;
      } else if (code === RIGHT_BRACKET) {
        if (text.charCodeAt(i + 1) === RIGHT_BRACKET) {
          if (i + 2 === length) return this.#suspend(i);
          if (text.charCodeAt(i + 2) === GREATER_THAN) throw notWellFormed("]]> in character data");
        }
        i++;
      } else throw misplacedCharacter(code);
    }
  }

  #suspend(position: number): false {
    this.position = position;
    return false;
  }

  #scanStartTag(text: string, position: number): number {
    const depth = this.#depth;
    const scope = this.#scope;
    if (!tag.scan(text, position, this.#maxAttributes)) {
      this.awaited = tag.awaited;
      return -1;
    }
    if (depth >= this.#maxDepth) throw new XmlError("policy-violation", "elements nested too deeply");
    const outside = scope.size;
    if (tag.count > 0) scope.enter(text, tag);
    const prefixed = tag.nameColon === -1 ? undefined : this.#resolveElement(text);
    if (depth === 1) {
      if (this.#childCount === 0) {
        this.#childName = tag.localName(text);
        if (prefixed !== undefined) this.#childNamespace = prefixed;
        else if (tag.defaultDeclaration === -1) this.#childNamespace = NS.client;
        else this.#childNamespace = tag.value(text, tag.defaultDeclaration);
      }
      this.#childCount++;
    }
    if (tag.selfClosing) scope.leave(outside);
    else {
      this.#names[depth] = text.slice(tag.nameStart, tag.nameEnd);
      this.#outside[depth] = outside;
      this.#depth = depth + 1;
    }
    return tag.end;
  }

  #scanEndTag(text: string, position: number): number {
    const depth = this.#depth - 1;
    const name = this.#names[depth]!;
    const start = position + 2;
    if (!text.startsWith(name, start)) {
      const rest = text.slice(start, start + name.length);
      if (rest.length < name.length && name.startsWith(rest)) {
        this.awaited = endOfTag;
        return -1;
      }
      throw notWellFormed("end tag that does not match");
    }
    const i = skipSpace(text, start + name.length);
    if (i === text.length) {
      this.awaited = notSpace;
      return -1;
    }
    if (text.charCodeAt(i) !== GREATER_THAN) throw notWellFormed("end tag that does not match");
    this.#scope.leave(this.#outside[depth]!);
    this.#depth = depth;
    return i + 1;
  }

  /** `<!` and `<?`: only CDATA sections are allowed (RFC 6120, 11.1). */
  #scanMarkup(text: string, position: number): number {
    if (text.startsWith(cdataStart, position)) {
      this.#inCdata = true;
      return position + cdataStart.length;
    }
    if (cdataStart.startsWith(text.slice(position, position + cdataStart.length))) return -1;
    const error = forbiddenMarkup(text, position);
    if (error === undefined) return -1;
    throw error;
  }

  /** @returns the index after `]]>`, or, still inside, where to look on. */
  #scanCdata(text: string, position: number): number {
    const found = text.indexOf("]]>", position);
    // Two brackets at the end may belong to a `]]>` that has not arrived yet.
    const end = found === -1 ? Math.max(position, text.length - 2) : found;
    if (!isLegalText(text.slice(position, end))) throw illegalCharacter();
    if (found === -1) return end;
    this.#inCdata = false;
    return found + 3;
  }

  /** Takes over what it needs of the text before `position`, which may then be cut off there. */
  release(text: string): void {
    this.#kept += text.slice(this.#rawStart, this.position);
    this.#rawStart = 0;
    this.position = 0;
  }

  /** The text was cut off at `start`, where the element begins. */
  rebase(start: number): void {
    this.#rawStart -= start;
    this.position -= start;
  }

  /** The complete stanza; `undefined` if the element is none. */
  stanza(text: string): Stanza | undefined {
    if (this.#kind === undefined) return undefined;
    return {
      kind: this.#kind,
      type: this.#type,
      to: this.#to,
      from: this.#from,
      id: this.#id,
      lang: this.#lang,
      extraAttributes: this.#extraAttributes,
      payload: this.#raw(text),
      childName: this.#childName,
      childNamespace: this.#childNamespace,
      childCount: this.#childCount,
    };
  }

  /** The complete element as XML. */
  xml(text: string): string {
    return this.#raw(text);
  }

  #raw(text: string): string {
    if (this.#rawStart >= this.#rawEnd && this.#kept === "") return "";
    return normalizeLineEnds(this.#kept + text.slice(this.#rawStart, this.#rawEnd));
  }
}

/** The last character that is there, which nothing can be said about but that it may stand there. */
function checkLast(code: number): void {
  if (code !== LESS_THAN && code !== AMPERSAND && code !== RIGHT_BRACKET) throw misplacedCharacter(code);
}
