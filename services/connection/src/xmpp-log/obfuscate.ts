/**
 * A stanza without what people say in it: for the macro `%so`. Pure.
 *
 * Kept is what is listed here; all other text and attributes are hidden, so that an extension that nobody thought of
 * gives nothing away. Names of elements and attributes, and namespaces, stay.
 */
import { cdataText, isCdata, isEmptyTag, isEndTag, markupEnd, startTagOf } from "./markup.ts";

/** Attributes that say who, what and when, and nothing that a person wrote. */
const keptAttributes: ReadonlySet<string> = new Set([
  "approved",
  "ask",
  "by",
  "category",
  "code",
  "from",
  "id",
  "jid",
  "node",
  "stamp",
  "subscription",
  "to",
  "type",
  "ver",
  "xml:lang",
]);

/** Children of a presence whose text is kept, where it is a word of RFC 6121 (4.7.2.1) or a number. */
const keptElements: ReadonlySet<string> = new Set(["<show>", "<priority>"]);
const keptText = /^(?:away|chat|dnd|xa|[+-]?\d{1,3})$/;

/**
 * @param xml one well-formed element, or an end tag.
 * @returns the same with `*N*` for every text and attribute value that is hidden, N being its length as written.
 */
export function obfuscate(xml: string): string {
  const isPresence = /^<presence[\s/>]/.test(xml);
  let out = "";
  let depth = 0;
  let mayKeep = false;
  let text = "";
  let coded = false;
  const endText = (): void => {
    if (text !== "") out += mayKeep && !coded && keptText.test(text) ? text : hidden(text);
    text = "";
    coded = false;
  };
  for (let i = 0; i < xml.length; ) {
    const at = xml.indexOf("<", i);
    text += xml.slice(i, at === -1 ? xml.length : at);
    if (at === -1) break;
    const end = markupEnd(xml, at);
    if (isCdata(xml, at)) {
      text += cdataText(xml, at);
      coded = true;
    } else {
      endText();
      if (isEndTag(xml, at)) {
        depth--;
        mayKeep = false;
        out += xml.slice(at, end);
      } else {
        mayKeep = isPresence && depth === 1 && keptElements.has(xml.slice(at, end));
        const isEmpty = isEmptyTag(xml, end);
        out += hideAttributes(xml, at, isEmpty);
        if (!isEmpty) depth++;
      }
    }
    i = end;
  }
  endText();
  return out;
}

function hideAttributes(xml: string, at: number, isEmpty: boolean): string {
  const { name, attributes } = startTagOf(xml, at);
  let tag = `<${name}`;
  for (let i = 0; i < attributes.length; i += 2) {
    const key = attributes[i]!;
    const value = attributes[i + 1]!;
    const kept = keptAttributes.has(key) || key === "xmlns" || key.startsWith("xmlns:");
    // What was in single quotes may have double ones in it.
    tag += ` ${key}="${kept ? value.replaceAll('"', "&quot;") : hidden(value)}"`;
  }
  return isEmpty ? `${tag}/>` : `${tag}>`;
}

function hidden(text: string): string {
  return `*${text.length}*`;
}
