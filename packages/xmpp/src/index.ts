export type { BareJid, FullJid, Jid } from "./jid.ts";
export { NS } from "./namespaces.ts";
export {
  escapeAttribute,
  escapeText,
  makeStanza,
  type Stanza,
  type StanzaHalves,
  type StanzaKind,
  type StanzaParts,
  serializeStanza,
  stanzaHalves,
} from "./stanza.ts";
