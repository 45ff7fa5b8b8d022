/** Tags in XML that is known to be well-formed and free of comments: what a stream parser let through. Pure. */

const cdataStart = "<![CDATA[";
const cdataEnd = "]]>";
const EXCLAMATION_MARK = 33;
const DOUBLE_QUOTE = 34;
const SINGLE_QUOTE = 39;
const SLASH = 47;
const GREATER_THAN = 62;

/** Whether a CDATA section starts at the `<` at `at`. */
export function isCdata(xml: string, at: number): boolean {
  return xml.charCodeAt(at + 1) === EXCLAMATION_MARK;
}

/** The characters of the CDATA section at `at`. */
export function cdataText(xml: string, at: number): string {
  return xml.slice(at + cdataStart.length, markupEnd(xml, at) - cdataEnd.length);
}

/** Whether the tag from `at` to `end` closes an element. */
export function isEndTag(xml: string, at: number): boolean {
  return xml.charCodeAt(at + 1) === SLASH;
}

/** Whether the tag that ends before `end` is an element of its own. */
export function isEmptyTag(xml: string, end: number): boolean {
  return xml.charCodeAt(end - 2) === SLASH;
}

/** The index behind the tag or CDATA section that starts with the `<` at `at`. A `>` in an attribute is no end. */
export function markupEnd(xml: string, at: number): number {
  if (isCdata(xml, at)) return behind(xml, xml.indexOf(cdataEnd, at), cdataEnd.length);
  let end = xml.indexOf(">", at);
  // Most tags have no `>` in an attribute: then every quote before the `>` has its partner there.
  for (let i = at + 1; i < end; i++) {
    const code = xml.charCodeAt(i);
    if (code !== DOUBLE_QUOTE && code !== SINGLE_QUOTE) continue;
    i = xml.indexOf(code === DOUBLE_QUOTE ? '"' : "'", i + 1);
    if (i === -1) return xml.length;
    if (i > end) end = xml.indexOf(">", i);
  }
  return behind(xml, end, 1);
}

function behind(xml: string, found: number, length: number): number {
  return found === -1 ? xml.length : found + length;
}

/** The index behind the element whose start tag, not an empty one, ends before `inside`. */
export function elementEnd(xml: string, inside: number): number {
  let depth = 1;
  for (let i = xml.indexOf("<", inside); i !== -1; ) {
    const end = markupEnd(xml, i);
    if (isEndTag(xml, i)) depth--;
    else if (!isCdata(xml, i) && !isEmptyTag(xml, end)) depth++;
    if (depth === 0) return end;
    i = xml.indexOf("<", end);
  }
  return xml.length;
}

export interface StartTag {
  /** Qualified. */
  readonly name: string;
  /** Names and values in turn; values as they are written, with references. */
  readonly attributes: readonly string[];
  /** The index behind it. */
  readonly end: number;
}

/** The start tag at `at`. */
export function startTagOf(xml: string, at: number): StartTag {
  let i = at + 1;
  while (i < xml.length && !endsName(xml.charCodeAt(i))) i++;
  const name = xml.slice(at + 1, i);
  const attributes: string[] = [];
  for (;;) {
    while (isSpace(xml.charCodeAt(i))) i++;
    const code = xml.charCodeAt(i);
    if (code === GREATER_THAN || code === SLASH || i >= xml.length) break;
    const equals = xml.indexOf("=", i);
    if (equals === -1) break;
    attributes.push(xml.slice(i, equals).trimEnd());
    i = equals + 1;
    while (isSpace(xml.charCodeAt(i))) i++;
    const quote = xml.charCodeAt(i) === DOUBLE_QUOTE ? '"' : "'";
    const close = xml.indexOf(quote, i + 1);
    attributes.push(xml.slice(i + 1, close === -1 ? xml.length : close));
    i = close === -1 ? xml.length : close + 1;
  }
  return { name, attributes, end: behind(xml, xml.indexOf(">", i), 1) };
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9 || code === 10 || code === 13;
}

function endsName(code: number): boolean {
  return code === GREATER_THAN || code === SLASH || isSpace(code);
}
