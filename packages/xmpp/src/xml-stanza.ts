import { type ItemContext, ItemScanner } from "./item-scanner.ts";
import { NS } from "./namespaces.ts";
import type { Stanza } from "./stanza.ts";
import { loneSurrogate } from "./xml-characters.ts";
import { XmlError } from "./xml-error.ts";

const context: ItemContext = {
  defaultNamespace: NS.client,
  prefixes: [],
  maxDepth: 1024,
  maxAttributes: 1024,
};

/**
 * Reads one complete stanza as `serializeStanza` writes it, from a store for instance.
 *
 * @returns undefined for anything else than exactly one well-formed stanza of `jabber:client`.
 */
export function parseStanza(xml: string): Stanza | undefined {
  if (xml.length < 2 || !xml.startsWith("<") || "!?/".includes(xml.charAt(1)) || loneSurrogate.test(xml)) {
    return undefined;
  }
  const scanner = new ItemScanner();
  try {
    return scanner.begin(xml, 0, context) && scanner.position === xml.length
      ? scanner.stanza(xml)
      : undefined;
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}
