export { detachStanza, detachString } from "./detach.ts";
export { type Element, element } from "./element.ts";
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
export {
  beginNegotiation,
  misplacedElement,
  type NegotiationAction,
  type NegotiationEvent,
  type NegotiationPhase,
  type NegotiationPolicy,
  type NegotiationState,
  type NegotiationStep,
  negotiate,
} from "./negotiation/negotiation.ts";
export { parseFragment, stanzaPayload } from "./parse-fragment.ts";
export { type ParserLimits, type StreamItem, StreamParser } from "./parse-stream.ts";
export { prepareOpaque } from "./precis/opaque-string.ts";
export { decodeAttribute } from "./references.ts";
export { decodeBase64, encodeBase64 } from "./sasl/base64.ts";
export type { ChannelBinding, ChannelBindingType } from "./sasl/channel-binding.ts";
export {
  isSaslMechanism,
  type SaslMechanism,
  type ScramHash,
  type ScramMechanism,
  saslMechanisms,
  scramHashes,
} from "./sasl/mechanisms.ts";
export { type PlainMessage, parsePlain } from "./sasl/plain.ts";
export type { SaslCondition } from "./sasl/sasl-condition.ts";
export { beginSasl, type SaslExchange, type SaslPerformer, settleSasl } from "./sasl/sasl-exchange.ts";
export type { SaslOptions } from "./sasl/sasl-options.ts";
export type { CredentialAnswer, SaslDerivation, SaslLookup, SaslReply, SaslStep } from "./sasl/sasl-step.ts";
export {
  readServerFirst,
  ScramClientError,
  type ScramClientFinal,
  type ScramClientFirst,
  type ScramClientOptions,
  type ScramServerFirst,
  scramClientFinal,
  scramClientFirst,
} from "./sasl/scram-client.ts";
export {
  type DeriveKey,
  deriveScramKeys,
  pbkdf2,
  type ScramClientKeys,
  type ScramKeys,
  saltPassword,
  scramClientKeys,
  scramIterations,
  scramSaltBytes,
} from "./sasl/scram-keys.ts";
export type { UnknownUsers } from "./sasl/unknown-user.ts";
export { serializeElement } from "./serialize-element.ts";
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
export {
  type ErrorReplyOptions,
  errorElementXml,
  errorReply,
  type StanzaErrorCondition,
  type StanzaErrorOptions,
  type StanzaErrorType,
  stanzaErrorCondition,
  stanzaErrorTypes,
} from "./stanza-error.ts";
export {
  type StreamErrorCondition,
  streamErrorCondition,
  streamErrorConditions,
  streamErrorXml,
} from "./stream-error.ts";
export { type ResponseHeader, responseHeader, responseVersion, streamClose } from "./stream-header.ts";
export type { StreamHeader } from "./stream-prolog.ts";
export { XmlError } from "./xml-error.ts";
export { parseStanza } from "./xml-stanza.ts";
