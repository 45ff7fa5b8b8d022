/** What a record of the XMPP log is about: one stanza, or an end of a stream. Pure. */
import { decodeAttribute, type Stanza, serializeStanza } from "@rollcall/xmpp";
import { elementEnd, startTagOf } from "./markup.ts";

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
  return {
    kind: "stream",
    to: undefined,
    from: sender,
    id: undefined,
    type: undefined,
    xml: () => STREAM_END,
    remote,
  };
}

const STREAM_END = "</stream:stream>";
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
      at = elementEnd(text, start);
      take({ ...receivedEnd(receiver, remote), to: receiver, from: undefined });
      continue;
    }
    at = elementEnd(text, start);
    const end = at;
    const { name, attributes } = startTagOf(text, start);
    const isError = name === "stream:error";
    const value = (attribute: string): string | undefined => {
      const raw = attributes.get(attribute);
      return raw === undefined ? undefined : decodeAttribute(raw);
    };
    take({
      kind: isError ? "error" : name,
      to: isError ? receiver : value("to"),
      from: value("from"),
      id: value("id"),
      type: value("type"),
      xml: () => text.slice(start, end),
      remote,
    });
  }
}
