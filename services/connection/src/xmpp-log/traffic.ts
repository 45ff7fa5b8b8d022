/** What a record of the XMPP log is about: one stanza, or an end of a stream. Pure. */
import { decodeAttribute, type Stanza, serializeStanza, streamClose } from "@rollcall/xmpp";
import { elementEnd, isEmptyTag, markupEnd, type StartTag, startTagOf } from "./markup.ts";

/** What macros show. Attributes are unescaped, and `undefined` where absent. */
export interface Traffic {
  /** `iq`, `message`, `presence`; `error` is a stream error, `stream` the end of a stream. */
  readonly kind: string;
  readonly to: string | undefined;
  readonly from: string | undefined;
  readonly id: string | undefined;
  readonly type: string | undefined;
  /** The whole of it. */
  readonly xml: () => string;
  /** Address and port of the client. */
  readonly remote: () => string;
}

/** A stanza from a client. The sender is the session, whatever the client wrote (RFC 6120, 8.1.2.1). */
export function receivedTraffic(stanza: Stanza, sender: string, remote: () => string): Traffic {
  const { kind, to, id, type } = stanza;
  return { kind, to, from: sender, id, type, xml: () => serializeStanza(stanza), remote };
}

/** The end of a stream that the client has sent. */
export function receivedEnd(sender: string, remote: () => string): Traffic {
  return streamEnd(undefined, sender, remote);
}

function streamEnd(to: string | undefined, from: string | undefined, remote: () => string): Traffic {
  return { kind: "stream", to, from, id: undefined, type: undefined, xml: () => streamClose, remote };
}

const LESS_THAN = 60;
const SLASH = 47;

/**
 * What is in a text for a client, in its order: stanzas of owners or of this server, a stream error, the end of the
 * stream.
 *
 * @param text complete elements, well-formed, as our own serializer writes them.
 * @param receiver the session; what is about the stream goes to it.
 */
export function sentTraffic(
  text: string,
  receiver: string,
  remote: () => string,
  take: (traffic: Traffic) => void,
): void {
  for (let at = 0; at < text.length; ) {
    if (text.charCodeAt(at) !== LESS_THAN) {
      at++;
      continue;
    }
    const start = at;
    if (text.charCodeAt(at + 1) === SLASH) {
      at = markupEnd(text, start);
      take(streamEnd(receiver, undefined, remote));
      continue;
    }
    const tag = startTagOf(text, start);
    at = isEmptyTag(text, tag.end) ? tag.end : elementEnd(text, tag.end);
    const end = at;
    const isError = tag.name === "stream:error";
    take({
      kind: isError ? "error" : tag.name,
      to: isError ? receiver : attributeOf(tag, "to"),
      from: attributeOf(tag, "from"),
      id: attributeOf(tag, "id"),
      type: attributeOf(tag, "type"),
      xml: () => text.slice(start, end),
      remote,
    });
  }
}

function attributeOf({ attributes }: StartTag, name: string): string | undefined {
  for (let i = 0; i < attributes.length; i += 2) {
    if (attributes[i] !== name) continue;
    const value = attributes[i + 1]!;
    return value.includes("&") ? decodeAttribute(value) : value;
  }
  return undefined;
}
