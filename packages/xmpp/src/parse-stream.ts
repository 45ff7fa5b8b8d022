/**
 * The stream parser: bytes of a client in, first-level elements out (RFC 6120, sections 4, 11 and 13.12).
 *
 *   prolog ── header ──▶ content ──▶ closed          restart() leads back to prolog from anywhere
 *
 * Whatever the sizes of the chunks, the items are the same, every byte is looked at a bounded number of times, and
 * memory is bounded by the limits. What XML or XMPP does not allow ends the stream with the condition that the RFC names.
 */
import { Buffer } from "node:buffer";
import { detachString } from "./detach.ts";
import type { Element } from "./element.ts";
import { type ItemContext, ItemScanner } from "./item-scanner.ts";
import { parseElements } from "./parse-fragment.ts";
import { illegalCharacter } from "./references.ts";
import type { Stanza } from "./stanza.ts";
import { skipSpace } from "./start-tag.ts";
import type { StreamErrorCondition } from "./stream-error.ts";
import { type StreamHeader, scanDeclaration, scanHeader } from "./stream-prolog.ts";
import { Utf8Input } from "./utf8-input.ts";
import { GREATER_THAN, isLegalCharacter, LESS_THAN, SLASH } from "./xml-characters.ts";
import { notWellFormed, XmlError } from "./xml-error.ts";
import { cdataStart, forbiddenMarkup } from "./xml-markup.ts";

export type { StreamHeader } from "./stream-prolog.ts";

const EXCLAMATION_MARK = 33;
const QUESTION_MARK = 63;

export interface ParserLimits {
  /** Of a first-level element, or of the stream header, from its first `<` to its last `>` (RFC 6120, 13.12). */
  readonly maxStanzaBytes: number;
  /** Elements within each other, the first-level one included. */
  readonly maxDepth: number;
  /** Attributes of one start tag, namespace declarations included. */
  readonly maxAttributes: number;
}

export type StreamItem =
  | { readonly kind: "stream-start"; readonly header: StreamHeader }
  | { readonly kind: "stanza"; readonly stanza: Stanza }
  | { readonly kind: "element"; readonly element: Element }
  | { readonly kind: "stream-end" }
  | { readonly kind: "error"; readonly condition: StreamErrorCondition; readonly text: string };

/** A piece of up to this many characters is simply scanned again when more arrives. */
const cheapToRescan = 1024;
/** After this many chunks a longer piece is scanned again in any case, to find errors and to join its parts. */
const chunksBetweenScans = 256;
const notSpace = /[^ \t\r\n]/;

/** Scanners are only needed while an element is incomplete; one of them waits here for the next parser. */
let spare: ItemScanner | undefined;

/**
 * Pull parser of one client stream. `push` what arrives and take items with `next`, one at a time: whoever stops asking
 * stops the stream, and can watch `buffered` to stop reading from the network too.
 */
export class StreamParser {
  #limits: ParserLimits;
  #state: "prolog" | "header" | "content" | "closed" = "prolog";
  /** Whether white space may come before the XML declaration. */
  #afterRestart = false;
  #context: ItemContext | undefined;
  #rootName = "";
  #rootClosed = false;

  readonly #input = new Utf8Input();
  /** Decoded and not yet used up from `#start` on. */
  #text = "";
  #start = 0;
  #ascii = true;
  /** Bytes behind `#text` from `#start` on, and those of a character that is incomplete. */
  #bytes = 0;

  /** The element that is incomplete, and how many bytes of it were released from `#text` already. */
  #scanner: ItemScanner | undefined;
  #releasedBytes = 0;
  /** What the incomplete piece at the end of the text needs before scanning again is worth while. */
  #awaited: RegExp | undefined;
  #chunksAwaited = 0;
  /** Nothing of that has arrived. */
  #blocked = false;

  constructor(limits: ParserLimits) {
    this.#limits = limits;
  }

  /** Bytes held: pushed and not yet part of an item. */
  get buffered(): number {
    return this.#bytes + this.#releasedBytes;
  }

  /** Holds from the next element on; also for what is buffered. */
  setLimits(limits: ParserLimits): void {
    this.#limits = limits;
    if (this.#context !== undefined) this.#context = itemContext(this.#context, limits);
  }

  /** Takes bytes as they came from the network. They are decoded at once; the chunk is not kept. */
  push(chunk: Uint8Array): void {
    if (this.#state === "closed" || chunk.length === 0) return;
    const { text, ascii } = this.#input.decode(chunk);
    this.#bytes += chunk.length;
    if (this.#text.length === 0) {
      this.#text = text;
      this.#ascii = ascii;
    } else {
      this.#text = (this.#start === 0 ? this.#text : this.#text.slice(this.#start)) + text;
      this.#ascii = this.#ascii && ascii;
    }
    this.#start = 0;
    if (this.#awaited !== undefined) this.#await(this.#awaited, text);
  }

  /** Decides whether the piece that was incomplete may be complete, or wrong, with `text` after it. */
  #await(awaited: RegExp, text: string): void {
    this.#chunksAwaited++;
    if (this.#chunksAwaited >= chunksBetweenScans || awaited.test(text)) this.#blocked = false;
  }

  /**
   * The next item, or `undefined` until more bytes are pushed. After an `error` or `stream-end` item there is nothing
   * more until `restart`; what still arrives is dropped. Text of errors is diagnostic and quotes nothing of the input.
   */
  next(): StreamItem | undefined {
    if (this.#text.length === 0 && !this.#input.failed && !this.#rootClosed) return undefined;
    try {
      return this.#advance();
    } catch (error) {
      if (!(error instanceof XmlError)) throw error;
      this.#close();
      return { kind: "error", condition: error.condition, text: error.message };
    }
  }

  /** A new stream header follows, in the bytes still buffered or in later ones (after SASL; RFC 6120, 4.3.3). */
  restart(): void {
    this.#state = "prolog";
    this.#afterRestart = true;
    this.#context = undefined;
    this.#rootClosed = false;
    this.#forgetItem();
  }

  /** Drops the buffered bytes: after `starttls` nothing sent in clear may be used (RFC 6120, 5.4.3.3). */
  discard(): void {
    this.#forgetItem();
    this.#forgetText();
    this.#input.reset();
  }

  #forgetItem(): void {
    this.#scanner = undefined;
    this.#releasedBytes = 0;
    this.#awaited = undefined;
    this.#blocked = false;
  }

  #forgetText(): void {
    this.#text = "";
    this.#start = 0;
    this.#bytes = 0;
    this.#ascii = true;
  }

  #close(): void {
    this.#state = "closed";
    this.#rootClosed = false;
    this.discard();
  }

  #advance(): StreamItem | undefined {
    if (this.#state === "prolog") {
      if (!this.#passDeclaration()) return this.#incomplete();
      this.#state = "header";
    }
    if (this.#state === "header") return this.#readHeader();
    if (this.#state === "closed") return undefined;
    if (this.#scanner !== undefined) return this.#resumeItem();
    return this.#readContent();
  }

  #passDeclaration(): boolean {
    // What comes before the declaration on a restarted stream still belongs to the one before.
    if (this.#afterRestart) this.#consume(skipSpace(this.#text, this.#start));
    if (this.#start === this.#text.length) return false;
    // Four bytes are enough to tell UTF-16 and UTF-32 by their zeros (XML 1.0, F.1).
    if (this.#text.slice(this.#start, this.#start + 4).includes("\0")) {
      throw new XmlError("unsupported-encoding", "another encoding than UTF-8");
    }
    const end = scanDeclaration(this.#text, this.#start);
    if (end === -1) return false;
    this.#consume(end);
    return true;
  }

  #readHeader(): StreamItem | undefined {
    if (this.#blocked || !this.#passSpace()) return this.#incomplete();
    const text = this.#text;
    if (text.charCodeAt(this.#start) !== LESS_THAN) throw notWellFormed("text before the root element");
    const next = this.#nextCode();
    if (next === -1) return this.#incomplete();
    if (next === EXCLAMATION_MARK || next === QUESTION_MARK) return this.#refuseMarkup();
    const scanned = scanHeader(text, this.#start, this.#limits.maxAttributes);
    if (scanned instanceof RegExp) return this.#incomplete(scanned);
    this.#checkSize(this.#consume(scanned.end));
    this.#awaited = undefined;
    this.#context = itemContext(scanned, this.#limits);
    this.#rootName = scanned.name;
    this.#rootClosed = scanned.selfClosing;
    this.#state = "content";
    return { kind: "stream-start", header: scanned.header };
  }

  #readContent(): StreamItem | undefined {
    if (this.#rootClosed) return this.#endStream();
    if (this.#blocked || !this.#passSpace()) return this.#incomplete();
    const text = this.#text;
    const code = text.charCodeAt(this.#start);
    if (code !== LESS_THAN) {
      if (!isLegalCharacter(text.codePointAt(this.#start)!)) throw illegalCharacter();
      throw textBetweenElements();
    }
    const next = this.#nextCode();
    if (next === -1) return this.#incomplete();
    if (next === SLASH) return this.#readEndTag();
    if (next === EXCLAMATION_MARK || next === QUESTION_MARK) return this.#refuseMarkup();

    const scanner = spare ?? new ItemScanner();
    spare = undefined;
    if (scanner.begin(text, this.#start, this.#context!)) return this.#finishItem(scanner);
    if (!scanner.started) {
      spare = scanner;
      return this.#incomplete(scanner.awaited);
    }
    this.#scanner = scanner;
    return this.#suspendItem(scanner);
  }

  #resumeItem(): StreamItem | undefined {
    const scanner = this.#scanner!;
    if (this.#blocked) return this.#incomplete(this.#awaited);
    if (!scanner.resume(this.#text)) return this.#suspendItem(scanner);
    this.#scanner = undefined;
    return this.#finishItem(scanner);
  }

  #finishItem(scanner: ItemScanner): StreamItem {
    const text = this.#text;
    const released = this.#releasedBytes;
    this.#releasedBytes = 0;
    this.#awaited = undefined;
    this.#checkSize(released + this.#consume(scanner.position));
    const stanza = scanner.stanza(text);
    const item: StreamItem =
      stanza === undefined
        ? { kind: "element", element: this.#build(scanner.xml(text)) }
        : { kind: "stanza", stanza };
    scanner.clear();
    spare = scanner;
    return item;
  }

  #build(xml: string): Element {
    const { defaultNamespace, prefixes } = this.#context!;
    return parseElements(xml, defaultNamespace, prefixes)[0] as Element;
  }

  #suspendItem(scanner: ItemScanner): StreamItem | undefined {
    const { position } = scanner;
    // Text that is dealt with is cut off, so that it is not joined with every further chunk.
    if (position - this.#start >= cheapToRescan) {
      scanner.release(this.#text);
      this.#releasedBytes += this.#consume(position);
    } else scanner.rebase(this.#start);
    if (this.#start > 0) {
      this.#text = detachString(this.#text.slice(this.#start));
      this.#start = 0;
    }
    return this.#incomplete(scanner.awaited);
  }

  #readEndTag(): StreamItem | undefined {
    const expected = `</${this.#rootName}`;
    const text = this.#text;
    if (!text.startsWith(expected, this.#start)) {
      if (expected.startsWith(text.slice(this.#start))) return this.#incomplete();
      throw notWellFormed("end tag that does not match");
    }
    const end = skipSpace(text, this.#start + expected.length);
    if (end === text.length) return this.#incomplete(notSpace);
    if (text.charCodeAt(end) !== GREATER_THAN) throw notWellFormed("end tag that does not match");
    return this.#endStream();
  }

  #endStream(): StreamItem {
    this.#close();
    return { kind: "stream-end" };
  }

  #refuseMarkup(): StreamItem | undefined {
    const head = this.#text.slice(this.#start, this.#start + cdataStart.length);
    if (this.#state === "content" && head === cdataStart) throw textBetweenElements();
    if (head !== cdataStart && cdataStart.startsWith(head)) return this.#incomplete();
    const error = forbiddenMarkup(this.#text, this.#start);
    if (error === undefined) return this.#incomplete();
    throw error;
  }

  /** False where nothing but white space is there; that is dropped. */
  #passSpace(): boolean {
    const end = skipSpace(this.#text, this.#start);
    if (end > this.#start) this.#consume(end);
    return this.#start < this.#text.length;
  }

  /** The character after the `<`; -1 where it has not arrived. */
  #nextCode(): number {
    return this.#start + 1 < this.#text.length ? this.#text.charCodeAt(this.#start + 1) : -1;
  }

  /**
   * Waits for more, unless there is too much already or what follows is no text.
   *
   * @param awaited what the rest of the last piece must contain, if that is known.
   */
  #incomplete(awaited?: RegExp): undefined {
    if (this.#input.failed) throw new XmlError("unsupported-encoding", "bytes that are not UTF-8");
    if (this.#bytes + this.#releasedBytes > this.#limits.maxStanzaBytes) throw tooBig();
    if (this.#blocked) return undefined;
    const rest = this.#text.length - this.#start;
    this.#chunksAwaited = 0;
    this.#awaited = rest > cheapToRescan ? awaited : undefined;
    this.#blocked = this.#awaited !== undefined;
    if (this.#start > rest) {
      // What waits for more should not keep a whole chunk alive.
      this.#text = detachString(this.#text.slice(this.#start));
      this.#start = 0;
    }
    return undefined;
  }

  /** Moves on to `end`. @returns the number of bytes passed. */
  #consume(end: number): number {
    const passed = this.#ascii ? end - this.#start : Buffer.byteLength(this.#text.slice(this.#start, end));
    this.#bytes -= passed;
    if (end === this.#text.length) {
      this.#text = "";
      this.#start = 0;
    } else this.#start = end;
    return passed;
  }

  #checkSize(bytes: number): void {
    if (bytes > this.#limits.maxStanzaBytes) throw tooBig();
  }
}

/** Always of one shape, for the sake of speed. */
function itemContext(
  surroundings: Pick<ItemContext, "defaultNamespace" | "prefixes">,
  limits: ParserLimits,
): ItemContext {
  return {
    defaultNamespace: surroundings.defaultNamespace,
    prefixes: surroundings.prefixes,
    maxDepth: limits.maxDepth,
    maxAttributes: limits.maxAttributes,
  };
}

function textBetweenElements(): XmlError {
  return new XmlError("bad-format", "text between first-level elements");
}

function tooBig(): XmlError {
  return new XmlError("policy-violation", "stanza too big");
}
