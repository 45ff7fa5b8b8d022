import type { Element } from "./element.ts";
import { NS } from "./namespaces.ts";
import { escapeAttribute, escapeText } from "./stanza.ts";

/**
 * The element as XML, for a place where `defaultNamespace` is the default. `xmlns` is written only where an
 * element's namespace differs from its parent's; declarations of prefixes only where an attribute needs them.
 * The result is well-formed whatever the values contain: characters that XML does not allow are left out, white
 * space in attributes survives. Nothing outside of it is needed to understand it, save the default namespace.
 */
export function serializeElement(element: Element, defaultNamespace: string = NS.client): string {
  return write(element, defaultNamespace, undefined);
}

type Declared = ReadonlyMap<string, string> | undefined;

function write(element: Element, defaultNamespace: string, outer: Declared): string {
  // The XML namespace cannot be a default namespace, only be had by its fixed prefix (Namespaces in XML, 3).
  const fixed = element.namespace === NS.xml;
  const name = fixed ? `xml:${element.name}` : element.name;
  const inside = fixed ? defaultNamespace : element.namespace;
  let xml = `<${name}`;
  if (inside !== defaultNamespace) xml += ` xmlns="${escapeAttribute(inside)}"`;

  let declared = outer;
  for (const [prefix, namespace] of element.prefixes) {
    if (outer?.get(prefix) === namespace) continue;
    declared = new Map(declared).set(prefix, namespace);
    xml += ` xmlns:${prefix}="${escapeAttribute(namespace)}"`;
  }
  for (const [key, value] of element.attributes) xml += ` ${key}="${escapeAttribute(value)}"`;

  if (element.children.length === 0) return `${xml}/>`;
  xml += ">";
  for (const child of element.children) {
    xml += typeof child === "string" ? escapeText(child) : write(child, inside, declared);
  }
  return `${xml}</${name}>`;
}
