import { NS } from "./namespaces.ts";
import { isNcName } from "./xml-characters.ts";

const none: ReadonlyMap<string, string> = new Map();

/**
 * An XML element with its namespace resolved. Immutable; no reference to a parent, so it means the same wherever
 * it is put. Prefixes of element names are not kept, those of attribute names are.
 *
 * Elements come from `element` and from the parsers, which see to it that names and prefixes are legal.
 */
export class Element {
  /** Local name. */
  readonly name: string;
  /** Namespace name; "" for none. */
  readonly namespace: string;
  /** Values by qualified name (`to`, `xml:lang`, `p:x`); namespace declarations are not among them. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Child elements and character data, in order; no two strings in a row, none empty. */
  readonly children: readonly (Element | string)[];
  /** What the prefixes of attribute names stand for; `xml` is not listed. */
  readonly prefixes: ReadonlyMap<string, string>;

  constructor(
    name: string,
    namespace: string,
    attributes: ReadonlyMap<string, string>,
    children: readonly (Element | string)[],
    prefixes: ReadonlyMap<string, string> = none,
  ) {
    this.name = name;
    this.namespace = namespace;
    this.attributes = attributes;
    this.children = children;
    this.prefixes = prefixes;
  }

  /** The value of an attribute by its qualified name. */
  attribute(name: string): string | undefined {
    return this.attributes.get(name);
  }

  /** The first child element of that name, in `namespace` (by default the parent's own). */
  child(name: string, namespace: string = this.namespace): Element | undefined {
    for (const child of this.children) {
      if (typeof child !== "string" && child.name === name && child.namespace === namespace) return child;
    }
    return undefined;
  }

  elements(): Element[] {
    return this.children.filter((child) => typeof child !== "string");
  }

  /** The character data directly inside, without that of child elements. */
  text(): string {
    let text = "";
    for (const child of this.children) if (typeof child === "string") text += child;
    return text;
  }

  /** `text()` of the first such child; `undefined` where there is none. */
  childText(name: string, namespace: string = this.namespace): string | undefined {
    return this.child(name, namespace)?.text();
  }
}

/**
 * Builds an element. Attributes and children that are `undefined` are left out, so that optional ones need no `if`.
 *
 * @throws {TypeError} for a name that XML does not allow, and for an attribute with another prefix than `xml`.
 */
export function element(
  name: string,
  namespace: string,
  attributes: Readonly<Record<string, string | undefined>> = {},
  children: readonly (Element | string | undefined)[] = [],
): Element {
  if (!isNcName(name)) throw new TypeError("not an element name");
  if (namespace === NS.xmlns) throw new TypeError("no element can be in the namespace of xmlns");
  const values = new Map<string, string>();
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    const local = key.startsWith("xml:") ? key.slice(4) : key;
    if (!isNcName(local) || key === "xmlns") throw new TypeError("not an attribute name");
    values.set(key, value);
  }
  return new Element(name, namespace, values, joinText(children));
}

function joinText(children: readonly (Element | string | undefined)[]): (Element | string)[] {
  const joined: (Element | string)[] = [];
  for (const child of children) {
    if (child === undefined || child === "") continue;
    const last = joined.at(-1);
    if (typeof child === "string" && typeof last === "string") joined[joined.length - 1] = last + child;
    else joined.push(child);
  }
  return joined;
}
