import { NS } from "./namespaces.ts";
import { escapeAttribute } from "./stanza.ts";

/** What the response stream header says (RFC 6120, 4.7). */
export interface ResponseHeader {
  /** The served domain. */
  readonly from: string;
  /** The client's bare JID, only where its header had `from` (4.7.2). */
  readonly to?: string | undefined;
  /** Unpredictable, never used before (4.7.3). */
  readonly id: string;
  /** Language of the server's texts (4.7.4). */
  readonly lang: string;
  /** As `responseVersion` says; left out for a client without version (4.7.5). */
  readonly version?: string | undefined;
}

/** XML declaration and start tag of the response stream: `jabber:client` by default, `stream` as prefix. */
export function responseHeader(header: ResponseHeader): string {
  const to = header.to === undefined ? "" : ` to="${escapeAttribute(header.to)}"`;
  const version = header.version === undefined ? "" : ` version="${escapeAttribute(header.version)}"`;
  return (
    `<?xml version="1.0"?><stream:stream xmlns="${NS.client}" xmlns:stream="${NS.stream}"` +
    ` from="${escapeAttribute(header.from)}"${to} id="${escapeAttribute(header.id)}"${version}` +
    ` xml:lang="${escapeAttribute(header.lang)}">`
  );
}

/** Ends a stream that `responseHeader` opened. */
export const streamClose = "</stream:stream>";

/**
 * The version to answer with: the lower of the client's and 1.0, compared as two integers (RFC 6120, 4.7.5).
 * `undefined` for a client that sent none, or none that can be read: it is treated as 0.9 and gets no features.
 */
export function responseVersion(initial: string | undefined): string | undefined {
  const match = /^([0-9]{1,9})\.([0-9]{1,9})$/.exec(initial ?? "");
  if (match === null) return undefined;
  const major = Number(match[1]);
  return major >= 1 ? "1.0" : `${major}.${Number(match[2])}`;
}
