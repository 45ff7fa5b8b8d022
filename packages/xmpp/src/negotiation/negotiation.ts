/**
 * The set-up of a client stream (RFC 6120, sections 4 to 7) as a pure state machine: a state and an event give the
 * next state and what is to be done. It never waits and reads no clock; ids and verdicts come in with events.
 *
 *              header              starttls          tls-established
 *   [header] ─────────▶ [features] ────────▶ [tls] ─────────────────▶ [header] (secured)
 *                        │   ▲  ▲
 *                   auth │   │  └── failure ─────┐
 *                        ▼   │                   │
 *                  [sasl-verdict] ─ challenge ─▶ [sasl-response]
 *                        │     ◀──── response ───┘
 *                success ▼
 *   [header] (authenticated) ── header ─▶ [features] ── bind iq ─▶ [bind-verdict] ── bound ─▶ [bound]
 *                                             ▲                          │
 *                                             └───────── refused ────────┘
 *
 * From everywhere a stream error or the end of the client's stream leads to [closed].
 * In [tls], [sasl-verdict] and [bind-verdict] the performer takes nothing further from the client until it has
 * reported the verdict.
 */
import type { Element } from "../element.ts";
import { type BareJid, type FullJid, parseJid, prepareDomain, prepareResource } from "../jid.ts";
import { NS } from "../namespaces.ts";
import { stanzaPayload } from "../parse-fragment.ts";
import type { StreamHeader } from "../parse-stream.ts";
import type { SaslCondition } from "../sasl/sasl-condition.ts";
import { escapeText, makeStanza, type Stanza, serializeStanza } from "../stanza.ts";
import { errorReply, type StanzaErrorCondition } from "../stanza-error.ts";
import { type StreamErrorCondition, streamErrorXml } from "../stream-error.ts";
import { responseHeader, responseVersion, streamClose } from "../stream-header.ts";
import { authenticatedStreamFeatures, plainStreamFeatures, securedStreamFeatures } from "./features.ts";
import { decodeSaslData, encodeSaslData } from "./sasl-data.ts";

/** What the operator decided. The same for every stream of a listener. */
export interface NegotiationPolicy {
  /** Domains served, canonical, at least one. */
  readonly domains: readonly string[];
  /** No SASL in clear. */
  readonly tlsRequired: boolean;
  /** Mechanisms that are known but kept back by policy; asking for one is `mechanism-too-weak`. */
  readonly withheldMechanisms: readonly string[];
  /** Failed SASL exchanges that are forgiven before the stream is closed (RFC 6120, 6.4.5: 2 to 5). */
  readonly saslRetries: number;
  /** Failed bind requests that are forgiven (RFC 6120, 7.7.3: 5 to 10). */
  readonly bindRetries: number;
  /** Language of the server's texts: `xml:lang` of every response header. */
  readonly lang: string;
}

export type NegotiationPhase =
  | "header"
  | "features"
  | "tls"
  | "sasl-verdict"
  | "sasl-response"
  | "bind-verdict"
  | "bound"
  | "closed";

export interface NegotiationState {
  readonly phase: NegotiationPhase;
  /** TLS protects the stream. */
  readonly secured: boolean;
  /** Mechanisms that may be used now, strongest first. */
  readonly mechanisms: readonly string[];
  /** The domain that the stream is for; the default one until a header names it. */
  readonly domain: string;
  /** The response header of the present stream is out. */
  readonly headerSent: boolean;
  /** `xml:lang` of the client's header: the language of its stanzas without their own. */
  readonly lang: string | undefined;
  /** Bare JID that the client gave in a header protected by TLS. */
  readonly claimed: BareJid | undefined;
  /** Who authenticated. */
  readonly account: BareJid | undefined;
  /** Failed attempts of the present stage (SASL, then bind). */
  readonly failures: number;
  /** The bind request that waits for its verdict. */
  readonly bindRequest: Stanza | undefined;
}

export type NegotiationEvent =
  | { readonly kind: "header"; readonly header: StreamHeader; readonly streamId: string }
  | { readonly kind: "element"; readonly element: Element }
  | { readonly kind: "stanza"; readonly stanza: Stanza }
  | { readonly kind: "stream-end" }
  | { readonly kind: "tls-established"; readonly mechanisms: readonly string[] }
  | { readonly kind: "sasl-challenge"; readonly data: Uint8Array }
  | { readonly kind: "sasl-success"; readonly account: BareJid; readonly data: Uint8Array | undefined }
  | { readonly kind: "sasl-failure"; readonly condition: SaslCondition }
  | { readonly kind: "bound"; readonly jid: FullJid }
  | { readonly kind: "bind-refused"; readonly condition: StanzaErrorCondition }
  | {
      /** The stream cannot go on: bad XML, a time limit, shutdown. `streamId` serves a header that is still due. */
      readonly kind: "fault";
      readonly condition: StreamErrorCondition;
      readonly text: string | undefined;
      readonly streamId: string;
    };

export type NegotiationAction =
  | { readonly kind: "send"; readonly xml: string }
  /** Drop what is buffered, start the handshake, report `tls-established`. */
  | { readonly kind: "start-tls" }
  /** Report `sasl-challenge`, `sasl-success` or `sasl-failure`. */
  | { readonly kind: "start-sasl"; readonly mechanism: string; readonly data: Uint8Array | undefined }
  | { readonly kind: "continue-sasl"; readonly data: Uint8Array }
  /** The exchange under way is void. */
  | { readonly kind: "abandon-sasl" }
  /** A new stream header follows on the same bytes. */
  | { readonly kind: "restart" }
  /** Report `bound` or `bind-refused`. `requested` is in canonical form. */
  | { readonly kind: "bind"; readonly account: BareJid; readonly requested: string | undefined }
  /** Both directions end as in RFC 6120, 4.4; what there was to say has been sent. */
  | { readonly kind: "close" };

export interface NegotiationStep {
  readonly state: NegotiationState;
  readonly actions: readonly NegotiationAction[];
}

/** The state of a fresh connection; `secured` for direct TLS, whose handshake is over. */
export function beginNegotiation(
  policy: NegotiationPolicy,
  secured: boolean,
  mechanisms: readonly string[],
): NegotiationState {
  return {
    phase: "header",
    secured,
    mechanisms,
    domain: policy.domains[0]!,
    headerSent: false,
    lang: undefined,
    claimed: undefined,
    account: undefined,
    failures: 0,
    bindRequest: undefined,
  };
}

/** Takes one step. An event that cannot occur in the state is a fault of the performer and throws. */
export function negotiate(
  policy: NegotiationPolicy,
  state: NegotiationState,
  event: NegotiationEvent,
): NegotiationStep {
  switch (event.kind) {
    case "header":
      return receiveHeader(policy, state, event.header, event.streamId);
    case "element":
      return receiveElement(policy, state, event.element);
    case "stanza":
      return receiveStanza(policy, state, event.stanza);
    case "stream-end":
      return close(state, streamClose);
    case "tls-established":
      expectPhase(state, "tls");
      return {
        // What the client said before TLS may be forged (RFC 6120, 4.3.6, 5.4.3.3).
        state: {
          ...beginNegotiation(policy, true, event.mechanisms),
          failures: state.failures,
        },
        actions: [{ kind: "restart" }],
      };
    case "sasl-challenge":
      expectPhase(state, "sasl-verdict");
      return {
        state: { ...state, phase: "sasl-response" },
        actions: [send(saslElement("challenge", event.data.length === 0 ? "" : encodeSaslData(event.data)))],
      };
    case "sasl-success":
      expectPhase(state, "sasl-verdict");
      return {
        state: { ...state, phase: "header", headerSent: false, account: event.account, failures: 0 },
        actions: [
          send(saslElement("success", event.data === undefined ? "" : encodeSaslData(event.data))),
          { kind: "restart" },
        ],
      };
    case "sasl-failure":
      expectPhase(state, "sasl-verdict");
      return failSasl(policy, state, event.condition);
    case "bound":
      expectPhase(state, "bind-verdict");
      return {
        state: { ...state, phase: "bound", bindRequest: undefined },
        actions: [send(bindResult(state.bindRequest!, event.jid))],
      };
    case "bind-refused":
      expectPhase(state, "bind-verdict");
      return refuseBind(policy, state, state.bindRequest!, event.condition);
    case "fault":
      return close(
        state,
        (state.headerSent ? "" : header(policy, state, event.streamId, undefined, "1.0")) +
          streamErrorXml(event.condition, event.text) +
          streamClose,
      );
  }
}

/**
 * The stream error for a first-level element that is no stanza and has no place on a stream that is set up
 * (RFC 6120, 4.8.4); `undefined` when it is the client's own stream error, which is answered by closing.
 */
export function misplacedElement(received: Element): StreamErrorCondition | undefined {
  if (received.namespace === NS.stream && received.name === "error") return undefined;
  if (received.namespace === NS.tls || received.namespace === NS.sasl) return "not-authorized";
  if (received.namespace === NS.server) return "invalid-namespace";
  return "unsupported-stanza-type";
}

function expectPhase(state: NegotiationState, phase: NegotiationPhase): void {
  if (state.phase !== phase) throw new Error(`event for phase ${phase} in phase ${state.phase}`);
}

function send(xml: string): NegotiationAction {
  return { kind: "send", xml };
}

function close(state: NegotiationState, xml: string): NegotiationStep {
  return {
    state: { ...state, phase: "closed", bindRequest: undefined },
    actions: [send(xml), { kind: "close" }],
  };
}

function closeWithError(state: NegotiationState, condition: StreamErrorCondition, text?: string) {
  return close(state, streamErrorXml(condition, text) + streamClose);
}

// --- stream header -------------------------------------------------------------------------------------------

function header(
  policy: NegotiationPolicy,
  state: NegotiationState,
  streamId: string,
  to: string | undefined,
  version: string | undefined,
): string {
  return responseHeader({ from: state.domain, to, id: streamId, lang: policy.lang, version });
}

function receiveHeader(
  policy: NegotiationPolicy,
  before: NegotiationState,
  received: StreamHeader,
  streamId: string,
): NegotiationStep {
  expectPhase(before, "header");
  const claimed = received.from === undefined ? undefined : parseJid(received.from)?.bare;
  const domain = agreedDomain(policy, before, received.to);
  const state: NegotiationState = {
    ...before,
    phase: "features",
    headerSent: true,
    domain: domain ?? before.domain,
    lang: received.lang,
    claimed: before.secured ? (claimed ?? before.claimed) : undefined,
  };
  const version = responseVersion(received.version);
  const opening = header(policy, state, streamId, claimed, version);
  const refuse = (condition: StreamErrorCondition, text?: string) =>
    close(state, opening + streamErrorXml(condition, text) + streamClose);

  if (received.contentNamespace !== NS.client && received.contentNamespace !== "") {
    return refuse("invalid-namespace");
  }
  if (version !== "1.0") return refuse("unsupported-version");
  if (domain === undefined) return refuse("host-unknown");
  if (state.account !== undefined) {
    if (domain !== before.domain) return refuse("not-authorized", "authenticated for another domain");
    // RFC 6120, 6.4.6: the identity and a `from` that TLS protected have to agree.
    if (state.claimed !== undefined && state.claimed !== state.account) return refuse("invalid-from");
  }
  return { state, actions: [send(opening + featuresOf(policy, state))] };
}

/** The domain that a header's `to` means; a missing one is clear only where one domain is served. */
function agreedDomain(policy: NegotiationPolicy, state: NegotiationState, to: string | undefined) {
  if (to === undefined) {
    return state.account !== undefined || policy.domains.length === 1 ? state.domain : undefined;
  }
  const domain = prepareDomain(to);
  return domain !== undefined && policy.domains.includes(domain) ? domain : undefined;
}

function featuresOf(policy: NegotiationPolicy, state: NegotiationState): string {
  if (state.account !== undefined) return authenticatedStreamFeatures;
  if (state.secured) return securedStreamFeatures(state.mechanisms);
  return plainStreamFeatures(policy.tlsRequired, state.mechanisms);
}

// --- STARTTLS and SASL -----------------------------------------------------------------------------------------

function receiveElement(
  policy: NegotiationPolicy,
  state: NegotiationState,
  received: Element,
): NegotiationStep {
  if (received.namespace === NS.tls && received.name === "starttls") return receiveStartTls(state);
  if (received.namespace === NS.sasl && state.account === undefined) {
    switch (received.name) {
      case "auth":
        return receiveAuth(policy, state, received);
      case "response":
        return receiveResponse(policy, state, received);
      case "abort":
        return failSasl(policy, state, "aborted");
    }
  }
  const condition = misplacedElement(received);
  return condition === undefined ? close(state, streamClose) : closeWithError(state, condition);
}

function receiveStartTls(state: NegotiationState): NegotiationStep {
  if (state.secured || state.account !== undefined || state.phase !== "features") {
    return close(state, `<failure xmlns="${NS.tls}"/>${streamClose}`);
  }
  return {
    state: { ...state, phase: "tls" },
    actions: [send(`<proceed xmlns="${NS.tls}"/>`), { kind: "start-tls" }],
  };
}

function saslElement(name: string, content: string): string {
  return content === ""
    ? `<${name} xmlns="${NS.sasl}"/>`
    : `<${name} xmlns="${NS.sasl}">${content}</${name}>`;
}

function receiveAuth(policy: NegotiationPolicy, state: NegotiationState, received: Element): NegotiationStep {
  if (!state.secured && policy.tlsRequired) return failSasl(policy, state, "encryption-required");
  const mechanism = received.attribute("mechanism");
  if (mechanism === undefined || !state.mechanisms.includes(mechanism)) {
    const withheld = mechanism !== undefined && policy.withheldMechanisms.includes(mechanism);
    return failSasl(policy, state, withheld ? "mechanism-too-weak" : "invalid-mechanism");
  }
  if (received.elements().length > 0) return failSasl(policy, state, "malformed-request");
  const data = decodeSaslData(received.text());
  if (data === "incorrect-encoding") return failSasl(policy, state, "incorrect-encoding");
  const start: NegotiationAction = {
    kind: "start-sasl",
    mechanism,
    data: data === "none" ? undefined : data,
  };
  return {
    state: { ...state, phase: "sasl-verdict" },
    // A second `auth` voids the exchange under way (RFC 6120, 6.4.2).
    actions: state.phase === "sasl-response" ? [{ kind: "abandon-sasl" }, start] : [start],
  };
}

function receiveResponse(
  policy: NegotiationPolicy,
  state: NegotiationState,
  received: Element,
): NegotiationStep {
  if (state.phase !== "sasl-response" || received.elements().length > 0) {
    return failSasl(policy, state, "malformed-request");
  }
  const data = decodeSaslData(received.text());
  if (data === "incorrect-encoding") return failSasl(policy, state, "incorrect-encoding");
  return {
    state: { ...state, phase: "sasl-verdict" },
    actions: [{ kind: "continue-sasl", data: data === "none" ? new Uint8Array(0) : data }],
  };
}

/** Ends the exchange, and the stream when no retry is left. */
function failSasl(
  policy: NegotiationPolicy,
  before: NegotiationState,
  condition: SaslCondition,
): NegotiationStep {
  const abandon: readonly NegotiationAction[] =
    before.phase === "sasl-response" ? [{ kind: "abandon-sasl" }] : [];
  const xml = saslElement("failure", `<${condition}/>`);
  const state: NegotiationState = { ...before, phase: "features", failures: before.failures + 1 };
  if (state.failures <= policy.saslRetries) return { state, actions: [...abandon, send(xml)] };
  const closing = close(
    state,
    xml + streamErrorXml("policy-violation", "too many failed authentications") + streamClose,
  );
  return { state: closing.state, actions: [...abandon, ...closing.actions] };
}

// --- resource binding ------------------------------------------------------------------------------------------

function receiveStanza(policy: NegotiationPolicy, state: NegotiationState, stanza: Stanza): NegotiationStep {
  // RFC 6120, 4.3.5 and 7.1: nothing but binding before the set-up is complete.
  if (state.account === undefined || state.phase !== "features" || !isBindRequest(stanza, state)) {
    return closeWithError(state, "not-authorized");
  }
  const request = stanza.childCount === 1 && stanza.id ? stanzaPayload(stanza)[0] : undefined;
  if (request === undefined) return refuseBind(policy, state, stanza, "bad-request");
  // An unusable resource is replaced by a generated one instead of refused (RFC 6120, 7.7.2.1).
  const resource = request.childText("resource", NS.bind);
  return {
    state: { ...state, phase: "bind-verdict", bindRequest: stanza },
    actions: [
      {
        kind: "bind",
        account: state.account,
        requested: resource === undefined ? undefined : prepareResource(resource),
      },
    ],
  };
}

function isBindRequest(stanza: Stanza, state: NegotiationState): boolean {
  return (
    stanza.kind === "iq" &&
    stanza.type === "set" &&
    stanza.childName === "bind" &&
    stanza.childNamespace === NS.bind &&
    (stanza.to === undefined || stanza.to === state.domain || stanza.to === state.account)
  );
}

function bindResult(request: Stanza, jid: FullJid): string {
  const payload = `<bind xmlns="${NS.bind}"><jid>${escapeText(jid)}</jid></bind>`;
  return serializeStanza(makeStanza("iq", { type: "result", id: request.id, payload }));
}

function refuseBind(
  policy: NegotiationPolicy,
  before: NegotiationState,
  request: Stanza,
  condition: StanzaErrorCondition,
): NegotiationStep {
  const state: NegotiationState = {
    ...before,
    phase: "features",
    failures: before.failures + 1,
    bindRequest: undefined,
  };
  const xml = serializeStanza(errorReply(request, condition));
  if (state.failures <= policy.bindRetries) return { state, actions: [send(xml)] };
  return close(state, xml + streamErrorXml("policy-violation", "too many bind requests") + streamClose);
}
