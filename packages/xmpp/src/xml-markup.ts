import { notWellFormed, XmlError } from "./xml-error.ts";

export const cdataStart = "<![CDATA[";

/**
 * The error for markup other than tags and CDATA: comments, processing instructions and declarations are restricted
 * (RFC 6120, 11.1), all else, a late XML declaration too, is not XML.
 *
 * @returns undefined where more text is needed to tell.
 */
export function forbiddenMarkup(text: string, position: number): XmlError | undefined {
  const head = text.slice(position, position + 6);
  if (/^<(?:[!?]|\?xm?l?|!-)?$/.test(head)) return undefined;
  if (/^<\?xml[ \t\r\n?]/.test(head)) return notWellFormed("XML declaration that is not at the beginning");
  if (head.startsWith("<?")) return new XmlError("restricted-xml", "processing instruction");
  if (head.startsWith("<!--")) return new XmlError("restricted-xml", "comment");
  if (/^<![A-Z]/.test(head)) return new XmlError("restricted-xml", "document type declaration");
  return notWellFormed("markup that XML does not know");
}
