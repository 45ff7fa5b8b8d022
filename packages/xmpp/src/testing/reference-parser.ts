/** For tests: what a general XML parser, made as strict as XMPP, makes of a stream. */
import { SaxesParser, type SaxesTagNS } from "saxes";
import { Element } from "../element.ts";
import { NS } from "../namespaces.ts";

/** What became of a stream: its first-level elements, if all of it was in order up to its end tag. */
export type Verdict =
  | { readonly kind: "accepted"; readonly elements: readonly Element[] }
  | { readonly kind: "refused"; readonly reason: string }
  /** saxes does not read this as the specification says. */
  | { readonly kind: "unclear" };

interface Open {
  readonly tag: SaxesTagNS;
  readonly children: (Element | string)[];
}

// saxes cuts white space off namespace names, to which it belongs (Namespaces in XML 1.0, 2.3).
const paddedNamespace = /xmlns(?::[^\s=]+)?\s*=\s*(?:"(?:\s|&#|[^"]*(?:\s|;)")|'(?:\s|&#|[^']*(?:\s|;)'))/;

/** Reads with saxes, closes the holes that it has, and adds the rules that XMPP has above XML. */
export function referenceParse(bytes: Uint8Array): Verdict {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { kind: "refused", reason: "encoding" };
  }
  if (paddedNamespace.test(text)) return { kind: "unclear" };

  const parser = new SaxesParser({ xmlns: true, position: true });
  const open: Open[] = [];
  const elements: Element[] = [];
  let reason: string | undefined;
  let rootEnd = -1;
  const refuse = (why: string) => {
    // saxes closes elements first and complains of an end tag that does not match afterwards, in the same place.
    if (rootEnd === -1 || parser.position === rootEnd) reason ??= why;
  };

  // Where the text began that saxes hands over, to see in which form it stood there.
  let textStart = 0;
  const characters = (data: string) => {
    if (rootEnd !== -1) return;
    if (open.length === 1 && /[^ \t\r\n<]/.test(text.slice(textStart, parser.position))) {
      refuse("text between first-level elements");
    }
    const children = open.at(-1)?.children;
    if (children === undefined || data === "") return;
    if (typeof children.at(-1) === "string") children.push(`${children.pop()}${data}`);
    else children.push(data);
  };

  parser.on("error", (error) => refuse(error.message));
  parser.on("comment", () => refuse("comment"));
  parser.on("processinginstruction", () => refuse("processing instruction"));
  parser.on("doctype", () => refuse("document type"));
  parser.on("xmldecl", (declaration) => {
    if (declaration.version !== "1.0") refuse("version of XML");
    if ((declaration.encoding ?? "UTF-8").toUpperCase() !== "UTF-8") refuse("encoding");
  });
  parser.on("text", characters);
  parser.on("cdata", (data) => {
    if (open.length === 1) refuse("CDATA between first-level elements");
    characters(data);
  });
  parser.on("opentag", (tag) => {
    if (open.length === 0) checkRoot(tag, refuse);
    else if (tag.prefix !== "" && tag.uri === NS.client)
      refuse("prefix on an element of the content namespace");
    if (open.length === 1 && (tag.uri === NS.server || tag.uri === "")) refuse("content namespace");
    const first = open[1]?.tag ?? tag;
    const stanza = open.length > 0 && first.uri === NS.client && /^(?:message|presence|iq)$/.test(first.name);
    if (stanza && usesStreamPrefix(tag, [...open.slice(1).map((outer) => outer.tag), tag])) {
      refuse("prefix of the stream header inside a stanza");
    }
    open.push({ tag, children: [] });
    textStart = parser.position;
  });
  parser.on("closetag", () => {
    if (rootEnd !== -1) return;
    const closed = open.pop()!;
    textStart = parser.position;
    if (open.length === 0) {
      rootEnd = parser.position;
      return;
    }
    const built = toElement(closed);
    if (open.length === 1) elements.push(built);
    else open.at(-1)!.children.push(built);
  });
  parser.write(text);

  if (reason !== undefined) return { kind: "refused", reason };
  if (rootEnd === -1) return { kind: "refused", reason: "no end" };
  if (hasBareAmpersand(text.slice(0, rootEnd))) return { kind: "refused", reason: "bare &" };
  return { kind: "accepted", elements };
}

function checkRoot(tag: SaxesTagNS, refuse: (why: string) => void): void {
  if (tag.uri !== NS.stream || tag.local !== "stream") refuse("root");
  if (tag.prefix !== "" && tag.prefix !== "stream") refuse("prefix of the root");
  for (const [prefix, uri] of Object.entries(tag.ns)) {
    if (
      prefix === ""
        ? uri !== "" && uri !== NS.client && uri !== NS.stream
        : prefix !== "xml" && uri !== NS.stream
    ) {
      refuse("declaration in the header");
    }
  }
}

/** Whether the tag uses a prefix that only the stream header declares. */
function usesStreamPrefix(tag: SaxesTagNS, scopes: readonly SaxesTagNS[]): boolean {
  const prefixes = [tag.prefix, ...Object.values(tag.attributes).map((attribute) => attribute.prefix)];
  return prefixes.some(
    (prefix) =>
      prefix !== "" &&
      prefix !== "xml" &&
      prefix !== "xmlns" &&
      !scopes.some((scope) => Object.hasOwn(scope.ns, prefix)),
  );
}

/** saxes reads an & without reference as text, as long as no ; follows. */
function hasBareAmpersand(text: string): boolean {
  const withoutCdata = text.replace(/<!\[CDATA\[[\s\S]*?\]\]>/g, "");
  return /&(?!#x[0-9a-fA-F]+;|#[0-9]+;|(?:amp|lt|gt|apos|quot);)/.test(withoutCdata);
}

function toElement({ tag, children }: Open): Element {
  const attributes = new Map<string, string>();
  const prefixes = new Map<string, string>();
  for (const { name, prefix, uri, value } of Object.values(tag.attributes)) {
    if (name === "xmlns" || prefix === "xmlns") continue;
    attributes.set(name, value);
    if (prefix !== "" && prefix !== "xml") prefixes.set(prefix, uri);
  }
  return new Element(tag.local, tag.uri, attributes, children, prefixes);
}
