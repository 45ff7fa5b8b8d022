import type { Clock } from "@rollcall/runtime";
import type { Logger, Tracer } from "@rollcall/telemetry";
import type { NegotiationPolicy, ParserLimits } from "@rollcall/xmpp";
import type { OutputTurn } from "../downlink/output-turn.ts";
import type { AddressLimits } from "../listener/address-limits.ts";
import type { TlsContext } from "../listener/tls-context.ts";
import type { EndSessions } from "../sessions/end-sessions.ts";
import type { LocalSessions } from "../sessions/local-sessions.ts";
import type { ReportableSessions } from "../sessions/reportable-sessions.ts";
import type { Uplink } from "../uplink/publish-stanza.ts";
import type { XmppLog } from "../xmpp-log/xmpp-log.ts";
import type { Authenticator } from "./authenticate.ts";
import type { ResourceBinder } from "./bind-resource.ts";
import type { LoginCounters } from "./login-counters.ts";
import type { OpenStreams } from "./open-streams.ts";

/** Numbers about streams. */
export interface StreamCounters {
  streamsOpened: number;
  streamsClosed: number;
  /** Streams ended by a stream error of ours. */
  streamErrors: number;
  /** Faults of ours that ended a stream; each is logged. */
  streamFaults: number;
  logins: number;
  authenticationFailures: number;
  tlsHandshakes: number;
  /** Clients that did not read what they were sent. */
  clientsNotReading: number;
  /** Clients that did not answer a ping. */
  clientsTimedOut: number;
}

/** Times and sizes of streams; times in milliseconds. */
export interface StreamLimits {
  readonly loginMs: number;
  readonly closeMs: number;
  readonly idleMs: number;
  readonly pingMs: number;
  readonly outputBytes: number;
  /** 0 sets no limit. */
  readonly bytesPerSecond: number;
  readonly beforeLogin: ParserLimits;
  readonly afterLogin: ParserLimits;
}

/** What the streams of a service share. */
export interface StreamEnvironment {
  readonly limits: StreamLimits;
  readonly policy: NegotiationPolicy;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly addresses: AddressLimits;
  readonly tls: TlsContext;
  readonly authenticator: Authenticator;
  readonly binder: ResourceBinder;
  readonly sessions: LocalSessions;
  readonly endSessions: EndSessions;
  /** `undefined` where owners do not change. */
  readonly reportable: ReportableSessions | undefined;
  readonly uplink: Uplink;
  /** `undefined` where it is off. */
  readonly xmppLog: XmppLog | undefined;
  readonly output: OutputTurn;
  readonly counters: StreamCounters;
  readonly logins: LoginCounters;
  readonly streams: OpenStreams;
  /** Unpredictable, never the same twice (RFC 6120, 4.7.3). */
  newStreamId(): string;
  /** The time of the last sweep, which is near enough for silence and rates, and costs nothing. */
  now: number;
}
