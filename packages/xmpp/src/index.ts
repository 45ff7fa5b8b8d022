export {
  type BareJid,
  bareOf,
  type FullJid,
  type Jid,
  makeFull,
  parseJid,
  prepareDomain,
  prepareLocal,
  prepareResource,
  resourceOf,
} from "./jid.ts";
export { NS } from "./namespaces.ts";
export { prepareOpaque } from "./precis/opaque-string.ts";
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
