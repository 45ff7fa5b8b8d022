import type { Transport } from "@rollcall/telemetry";
import {
  beginNegotiation,
  type NegotiationAction,
  type NegotiationEvent,
  type NegotiationState,
  negotiate,
  type SaslExchange,
  type StreamErrorCondition,
} from "@rollcall/xmpp";
import { LocalSession, type SessionStream } from "../sessions/local-session.ts";
import type { LoginTrace } from "./login-trace.ts";
import type { StreamEnvironment } from "./stream-environment.ts";

/** What the set-up does to its stream. */
export interface SetupStream extends SessionStream {
  /** Address that authentications are counted by. */
  readonly address: string;
  readonly transport: Transport;
  /** Drops what is buffered and starts the TLS handshake. */
  startTls(): void;
  /** A new stream header follows. */
  restart(): void;
  /** Takes nothing further from the client until `verdictReached`. */
  awaitVerdict(): void;
  verdictReached(): void;
  /** What the -PLUS mechanisms bind to (RFC 9266); `undefined` without TLS 1.3. */
  channelBinding(): Uint8Array | undefined;
  /** The set-up is complete. */
  established(session: LocalSession): void;
  /** Our side of the stream has ended; what there was to say is written. */
  closed(): void;
  /** A fault of ours: ends the stream. */
  crashed(error: unknown): void;
}

/** Performs the set-up of one stream as `packages/xmpp/negotiation` says. Dropped when the stream is established. */
export class StreamSetup {
  readonly #environment: StreamEnvironment;
  readonly #stream: SetupStream;
  readonly #trace: LoginTrace;
  #state: NegotiationState;
  #exchange: SaslExchange | undefined;
  /** Made for the first bind request. */
  #session: LocalSession | undefined;
  #binding = false;
  /** The owner may have bound the resource without our knowing. */
  #maybeBound = false;
  #abandoned = false;

  constructor(environment: StreamEnvironment, stream: SetupStream, secured: boolean, trace: LoginTrace) {
    this.#environment = environment;
    this.#stream = stream;
    this.#trace = trace;
    this.#state = beginNegotiation(environment.policy, secured, this.#mechanisms(secured));
  }

  /** Takes one step. */
  step(event: NegotiationEvent): void {
    const { state, actions } = negotiate(this.#environment.policy, this.#state, event);
    this.#state = state;
    for (const action of actions) this.#perform(action);
  }

  header(header: Extract<NegotiationEvent, { kind: "header" }>["header"]): void {
    this.step({ kind: "header", header, streamId: this.#environment.newStreamId() });
  }

  tlsEstablished(): void {
    this.#trace.tlsEnded();
    this.step({ kind: "tls-established", mechanisms: this.#mechanisms(true) });
  }

  /** Ends the stream with a stream error, after a response header if none was sent. */
  fault(condition: StreamErrorCondition, text: string | undefined): void {
    this.step({ kind: "fault", condition, text, streamId: this.#environment.newStreamId() });
  }

  /** The stream is gone before it was established. A resource that was, or may have been, bound is given back. */
  abandon(): void {
    if (this.#abandoned) return;
    this.#abandoned = true;
    this.#trace.abandoned();
    this.#exchange = undefined;
    if (!this.#binding) this.#giveBack();
  }

  #giveBack(): void {
    if (this.#session === undefined) return;
    const { endSessions, sessions } = this.#environment;
    const { account, ref } = this.#session;
    sessions.endBinding(ref.session);
    if (this.#maybeBound) endSessions.end(account, ref);
  }

  #mechanisms(secured: boolean): readonly string[] {
    const { authenticator, policy } = this.#environment;
    if (!secured && policy.tlsRequired) return [];
    return authenticator.mechanisms(secured && this.#stream.channelBinding() !== undefined);
  }

  #perform(action: NegotiationAction): void {
    switch (action.kind) {
      case "send":
        this.#stream.write(action.xml);
        return;
      case "start-tls":
        this.#trace.tlsBegan();
        this.#stream.startTls();
        return;
      case "restart":
        this.#stream.restart();
        return;
      case "start-sasl":
        this.#startSasl(action.mechanism, action.data);
        return;
      case "continue-sasl":
        this.#run(this.#replyTo(this.#exchange!, action.data));
        return;
      case "abandon-sasl":
        this.#trace.authenticationAborted();
        this.#exchange = undefined;
        return;
      case "bind":
        this.#run(this.#bind(action.requested));
        return;
      case "close":
        this.#stream.closed();
    }
  }

  #run(work: Promise<void>): void {
    work.catch((error: unknown) => this.#stream.crashed(error));
  }

  #startSasl(mechanism: string, data: Uint8Array | undefined): void {
    const { authenticator, addresses, logins } = this.#environment;
    if (!addresses.mayAuthenticate(this.#stream.address)) {
      logins.attempted(mechanism, "throttled");
      this.fault("policy-violation", "too many failed authentications from this address");
      return;
    }
    this.#trace.authenticationBegan(mechanism);
    this.#exchange = authenticator.begin(mechanism, this.#state.domain, this.#stream.channelBinding());
    this.#run(this.#replyTo(this.#exchange, data));
  }

  async #replyTo(exchange: SaslExchange, data: Uint8Array | undefined): Promise<void> {
    const { addresses, authenticator, counters } = this.#environment;
    this.#stream.awaitVerdict();
    const reply = await this.#trace.run(() => authenticator.reply(exchange, this.#state.domain, data));
    if (this.#abandoned) return;
    if (reply.kind !== "challenge") this.#exchange = undefined;
    switch (reply.kind) {
      case "challenge":
        this.step({ kind: "sasl-challenge", data: reply.data });
        break;
      case "success":
        this.#trace.authenticationEnded(undefined);
        this.step({ kind: "sasl-success", account: reply.authzid, data: reply.data });
        break;
      case "failure":
        counters.authenticationFailures++;
        this.#trace.authenticationEnded(reply.condition);
        if (reply.condition === "not-authorized") addresses.authenticationFailed(this.#stream.address);
        this.step({ kind: "sasl-failure", condition: reply.condition });
    }
    this.#stream.verdictReached();
  }

  async #bind(requested: string | undefined): Promise<void> {
    const { binder, sessions } = this.#environment;
    const { account, domain, lang } = this.#state;
    this.#session ??= new LocalSession(sessions.nextRef(), account!, domain, lang, this.#stream);
    const session = this.#session;
    session.transport = this.#stream.transport;
    this.#stream.awaitVerdict();
    this.#binding = true;
    sessions.beginBinding(session.ref.session);
    this.#trace.bindingBegan(account!);
    const binding = await this.#trace.run(() => binder.bind(account!, session.ref, requested));
    this.#binding = false;
    if (binding.kind === "bound" || binding.maybeBound) this.#maybeBound = true;
    if (this.#abandoned) {
      this.#giveBack();
      return;
    }
    if (binding.kind === "bound") {
      session.jid = binding.jid;
      this.#trace.bindingEnded(undefined, binding.jid);
      this.step({ kind: "bound", jid: binding.jid });
      this.#stream.established(session);
    } else {
      this.#trace.bindingEnded(binding.condition, undefined);
      if (!this.#maybeBound) sessions.endBinding(session.ref.session);
      this.step({ kind: "bind-refused", condition: binding.condition });
    }
    this.#stream.verdictReached();
  }
}
