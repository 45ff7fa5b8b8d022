import { NS } from "./namespaces.ts";
import type { StartTag } from "./start-tag.ts";
import { notWellFormed, XmlError } from "./xml-error.ts";

/** Prefixes in scope at one place; more of them would make each look-up slow. */
const maxPrefixes = 256;

/**
 * The namespace prefixes in scope while elements open and close. The default namespace is the caller's to keep,
 * since most need it for one level only.
 */
export class NamespaceScope {
  #prefixes: string[] = [];
  #namespaces: string[] = [];
  #size = 0;
  /** Prefixes of the stream header that stand for the stream namespace. */
  #outer: readonly string[] = [];
  #closed = false;

  /**
   * Empties the scope. `outer` are prefixes from outside that stand for the stream namespace; where the scope is
   * `closed` their use is an error, because what is inside has to make sense on another stream.
   */
  reset(outer: readonly string[], closed: boolean): void {
    this.#size = 0;
    this.#outer = outer;
    this.#closed = closed;
  }

  /** Makes use of prefixes from outside an error from here on. */
  close(): void {
    this.#closed = true;
  }

  /** Number of bindings, to come back to with `leave`. */
  get size(): number {
    return this.#size;
  }

  leave(size: number): void {
    this.#size = size;
  }

  /** @throws {XmlError} not-well-formed for a prefix that is not bound. */
  resolve(prefix: string): string {
    for (let i = this.#size - 1; i >= 0; i--) if (this.#prefixes[i] === prefix) return this.#namespaces[i]!;
    if (prefix === "xml") return NS.xml;
    if (this.#outer.includes(prefix)) {
      if (!this.#closed) return NS.stream;
      throw new XmlError("bad-namespace-prefix", "prefix of the stream header inside a stanza");
    }
    throw notWellFormed("namespace prefix that is not declared");
  }

  /**
   * Takes up the declarations of a tag and checks its attributes: names unique, also by namespace and local name,
   * prefixes bound, reserved prefixes and namespaces left alone (Namespaces in XML 1.0, 3 to 6.3).
   *
   * @throws {XmlError}
   */
  enter(text: string, tag: StartTag): void {
    if (tag.count > 1 && tag.hasDuplicate(text)) throw notWellFormed("two attributes of one name");
    if (tag.defaultDeclaration !== -1) checkDefault(tag.value(text, tag.defaultDeclaration));
    if (tag.prefixDeclarations > 0) this.#declare(text, tag);
    if (tag.prefixedAttributes > 0) this.#checkPrefixed(text, tag);
  }

  #declare(text: string, tag: StartTag): void {
    for (let i = 0; i < tag.count; i++) {
      if (!tag.declaresPrefix(text, i)) continue;
      const prefix = tag.attributeLocalName(text, i);
      const namespace = tag.value(text, i);
      if (prefix === "xml") {
        if (namespace !== NS.xml) throw notWellFormed("prefix xml bound to another namespace");
        continue;
      }
      if (prefix === "xmlns") throw notWellFormed("prefix xmlns declared");
      if (namespace === "") throw notWellFormed("namespace prefix without namespace");
      checkDefault(namespace);
      if (this.#size === maxPrefixes) throw new XmlError("policy-violation", "too many namespace prefixes");
      this.#prefixes[this.#size] = prefix;
      this.#namespaces[this.#size] = namespace;
      this.#size++;
    }
  }

  #checkPrefixed(text: string, tag: StartTag): void {
    const expanded = new Set<string>();
    for (let i = 0; i < tag.count; i++) {
      if (!tag.isPrefixed(i) || tag.declaresPrefix(text, i)) continue;
      const namespace = this.resolve(tag.attributePrefix(text, i));
      expanded.add(`${tag.attributeLocalName(text, i)} ${namespace}`);
    }
    if (expanded.size < tag.prefixedAttributes) throw notWellFormed("two attributes of one name");
  }
}

/** Neither reserved namespace may be declared as default or for a prefix of one's own. */
function checkDefault(namespace: string): void {
  if (namespace === NS.xml || namespace === NS.xmlns) throw notWellFormed("reserved namespace declared");
}
