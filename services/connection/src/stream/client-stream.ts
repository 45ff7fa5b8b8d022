import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Transport } from "@rollcall/telemetry";
import {
  escapeAttribute,
  misplacedElement,
  NS,
  type StreamItem,
  StreamParser,
  streamClose,
  streamErrorCondition,
  streamErrorXml,
} from "@rollcall/xmpp";
import type { Flushable } from "../downlink/output-turn.ts";
import type { LocalSession } from "../sessions/local-session.ts";
import { OrderedHandover, type StanzaSource } from "../uplink/ordered-handover.ts";
import { LoginTrace } from "./login-trace.ts";
import { listenTo, type SocketOwner, secure } from "./socket-events.ts";
import type { StreamEnvironment } from "./stream-environment.ts";
import { type SetupStream, StreamSetup } from "./stream-setup.ts";

/** Unread bytes that the parser may hold while the stream waits; beyond it the socket is not read either. */
const READ_AHEAD_BYTES = 16_384;
/** Characters of pending output that are not kept until the end of the turn. */
const LARGEST_WRITE = 65_536;
/**
 * More than the limit may wait for a client that reads: what thousands of contacts have to say to one that logs in
 * comes at once. It may be this many times the limit, must get less within a few sweeps, and must be within the limit
 * after some more.
 */
const BURST_FACTOR = 4;
const SWEEPS_WITHOUT_READING = 3;
const SWEEPS_OVER_LIMIT = 30;

/** What a stream waits for before it takes the next item from its parser; bits of `#waits`. */
const FOR_VERDICT = 1;
const FOR_OWNERS = 2;
const FOR_READER = 4;
const FOR_RATE = 8;

type Phase =
  /** The handshake runs: no XML may be sent. */
  | "tls"
  | "open"
  /** Our side of the stream has ended; the client's has not. */
  | "closing"
  /** Our side of the connection has ended as well. */
  | "ended"
  | "gone";

/**
 * One client: bytes in, stanzas to the bus, pending output, and the end of the stream in all its forms.
 *
 *   bytes ─▶ StreamParser ─▶ StreamSetup (until the resource is bound) or Uplink ─▶ bus
 *   write() ─▶ pending output ─▶ one socket write at the end of the turn
 *
 * Items are pulled from the parser one by one, and not while the stream waits for an answer, so the bytes themselves
 * are the queue of the session, and a full one stops reading from the socket. Nothing that a client sends, and no
 * fault of ours, gets further than the end of this stream. An idle stream owns no timer and no closure.
 */
export class ClientStream implements SocketOwner, SetupStream, StanzaSource, Flushable {
  readonly address: string;
  transport: Transport = "tcp";
  readonly #environment: StreamEnvironment;
  #socket: Socket;
  readonly #parser: StreamParser;
  #phase: Phase;
  #setup: StreamSetup | undefined;
  /** Of a direct TLS handshake, until there is a set-up. */
  #login: LoginTrace | undefined;
  #session: LocalSession | undefined;
  #sessionEnded = false;
  /** The session outlives our end of the stream: the server shuts down. */
  #lingers = false;
  #handover: OrderedHandover | undefined;
  #pending = "";
  /** Output of earlier turns that the socket does not take yet, in pieces. */
  #backlog: string[] | undefined;
  #backlogLength = 0;
  /** Sweeps that found too much waiting since the client last read. */
  #sweepsUnread = 0;
  #sweepsOver = 0;
  #waitingAtSweep = 0;
  #waits = 0;
  #pumping = false;
  #paused = false;
  /** The client closed its side of the connection. */
  #inputEnded = false;
  /** What follows in the input cannot be understood any more. */
  #inputBroken = false;
  /** Milliseconds since the epoch; 0 when there is none. What it means depends on the phase. */
  #deadline: number;
  #heardAt: number;
  #pinged = false;
  #bytesThisSecond = 0;

  constructor(environment: StreamEnvironment, socket: Socket, address: string, directTls: boolean) {
    this.#environment = environment;
    this.address = address;
    this.#socket = socket;
    this.#parser = new StreamParser(environment.limits.beforeLogin);
    this.#heardAt = environment.now;
    this.#deadline = environment.clock.now() + environment.limits.loginMs;
    const login = new LoginTrace(environment.tracer, environment.logins, environment.sessions.nodeId);
    if (directTls) {
      this.transport = "direct_tls";
      this.#phase = "tls";
      this.#login = login;
      login.tlsBegan();
      this.#socket = secure(socket, this, environment.tls.current);
    } else {
      this.#phase = "open";
      listenTo(socket, this);
      this.#setup = new StreamSetup(environment, this, false, login);
    }
    environment.counters.streamsOpened++;
    environment.streams.add(this);
  }

  // --- socket events ---------------------------------------------------------------------------------------------

  receive(chunk: Buffer): void {
    if (this.#phase === "ended" || this.#inputBroken) return;
    const { limits, now } = this.#environment;
    this.#heardAt = now;
    if (this.#pinged) {
      this.#pinged = false;
      this.#deadline = 0;
    }
    if (limits.bytesPerSecond > 0) {
      this.#bytesThisSecond += chunk.length;
      if (this.#bytesThisSecond > limits.bytesPerSecond) this.#waits |= FOR_RATE;
    }
    try {
      this.#parser.push(chunk);
    } catch (error) {
      this.crashed(error);
      return;
    }
    this.#pump();
  }

  inputEnded(): void {
    this.#inputEnded = true;
    this.#pump();
  }

  drained(): void {
    this.#sweepsUnread = 0;
    while (this.#backlog !== undefined) if (!this.#writePiece(this.#backlog)) return;
    this.#proceed(FOR_READER);
  }

  secured(): void {
    this.#environment.counters.tlsHandshakes++;
    this.#phase = "open";
    try {
      const login = this.#login;
      if (login !== undefined) {
        this.#login = undefined;
        login.tlsEnded();
        this.#setup = new StreamSetup(this.#environment, this, true, login);
      } else this.#setup?.tlsEstablished();
    } catch (error) {
      this.crashed(error);
    }
    this.verdictReached();
  }

  gone(): void {
    if (this.#phase === "gone") return;
    this.#phase = "gone";
    this.#pending = "";
    this.#backlog = undefined;
    this.#backlogLength = 0;
    this.#endSession();
    const { addresses, counters, streams } = this.#environment;
    addresses.released(this.address, this.#session !== undefined);
    streams.delete(this);
    counters.streamsClosed++;
  }

  // --- input -------------------------------------------------------------------------------------------------------

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#waits === 0 && this.#phase !== "ended" && this.#phase !== "gone") {
        const item = this.#parser.next();
        if (item === undefined) {
          if (this.#inputEnded) this.#finish();
          break;
        }
        this.#take(item);
      }
    } catch (error) {
      this.crashed(error);
    } finally {
      this.#pumping = false;
    }
    this.#steerReading();
  }

  #proceed(reason: number): void {
    if ((this.#waits & reason) === 0) return;
    this.#waits &= ~reason;
    this.#pump();
  }

  /** Stops reading from the socket while the stream waits and enough is at hand. */
  #steerReading(): void {
    const hold =
      this.#waits !== 0 &&
      this.#phase !== "tls" &&
      ((this.#waits & (FOR_READER | FOR_RATE)) !== 0 || this.#parser.buffered >= READ_AHEAD_BYTES);
    if (hold === this.#paused) return;
    this.#paused = hold;
    if (hold) this.#socket.pause();
    else this.#socket.resume();
  }

  #take(item: StreamItem): void {
    switch (item.kind) {
      case "stanza":
        // After our end, only a shutdown lets the session live until the client's end (RFC 6120, 4.4).
        if (this.#phase !== "open" && !this.#lingers) return;
        if (this.#handover !== undefined) {
          this.#environment.xmppLog?.received(this.#session!.jid, item.stanza, this.#socket);
          this.#handover.take(item.stanza);
        } else this.#setup?.step({ kind: "stanza", stanza: item.stanza });
        return;
      case "stream-start":
        if (this.#phase === "open") this.#setup?.header(item.header);
        return;
      case "element":
        if (this.#phase !== "open") return;
        if (this.#setup !== undefined) {
          this.#setup.step({ kind: "element", element: item.element });
        } else {
          const condition = misplacedElement(item.element);
          if (condition === undefined) this.#end(streamClose);
          else this.closeWith(condition, undefined);
        }
        return;
      case "stream-end":
        if (this.#session !== undefined)
          this.#environment.xmppLog?.receivedEnd(this.#session.jid, this.#socket);
        if (this.#phase === "closing") this.#finish();
        else if (this.#handover !== undefined) this.#handover.finish(() => this.#clientEnded());
        else this.#clientEnded();
        return;
      case "error":
        this.#inputBroken = true;
        if (this.#phase === "closing") this.#finish();
        else this.closeWith(item.condition, item.text);
    }
  }

  holdStanzas(): void {
    this.#waits |= FOR_OWNERS;
  }

  resumeStanzas(): void {
    this.#proceed(FOR_OWNERS);
  }

  // --- output ------------------------------------------------------------------------------------------------------

  write(xml: string): void {
    if (this.#phase !== "open") return;
    const { xmppLog } = this.#environment;
    if (xmppLog !== undefined && this.#session !== undefined)
      xmppLog.sent(this.#session.jid, xml, this.#socket);
    if (this.#pending === "") this.#environment.output.add(this);
    this.#pending += xml;
    if (this.#pending.length >= LARGEST_WRITE) this.flush();
  }

  flush(): void {
    if (this.#phase !== "open") {
      // The end of the stream: what is left goes to the socket as it is.
      while (this.#backlog !== undefined) this.#writePiece(this.#backlog);
    }
    if (this.#pending === "") return;
    const text = this.#pending;
    this.#pending = "";
    if (this.#phase === "open" && (this.#waits & FOR_READER) !== 0) {
      this.#keepForLater(text);
      if (this.#waiting > this.#environment.limits.outputBytes * BURST_FACTOR) this.#notReading();
      return;
    }
    if (this.#socket.write(text, "utf8") || this.#phase !== "open") return;
    this.#waits |= FOR_READER;
    this.#steerReading();
  }

  /** What waits for the client to read. */
  get #waiting(): number {
    return this.#backlogLength + this.#socket.writableLength;
  }

  #keepForLater(text: string): void {
    this.#backlogLength += text.length;
    this.#backlog ??= [];
    const last = this.#backlog.length - 1;
    const piece = this.#backlog[last];
    if (piece !== undefined && piece.length + text.length <= LARGEST_WRITE)
      this.#backlog[last] = piece + text;
    else this.#backlog.push(text);
  }

  /** @returns whether the socket takes more. */
  #writePiece(backlog: string[]): boolean {
    const piece = backlog.shift() ?? "";
    this.#backlogLength -= piece.length;
    if (backlog.length === 0) this.#backlog = undefined;
    return this.#socket.write(piece, "utf8");
  }

  #notReading(): void {
    this.#environment.counters.clientsNotReading++;
    this.#inputBroken = true;
    this.closeWith("resource-constraint", "the client does not read");
  }

  // --- set-up ------------------------------------------------------------------------------------------------------

  startTls(): void {
    this.transport = "starttls";
    this.flush();
    this.#phase = "tls";
    this.#waits |= FOR_VERDICT;
    // Plaintext that was sent behind the command is not part of the protected stream (RFC 6120, 5.4.3.3).
    this.#parser.discard();
    this.#socket = secure(this.#socket, this, this.#environment.tls.current);
  }

  restart(): void {
    this.#parser.restart();
  }

  awaitVerdict(): void {
    this.#waits |= FOR_VERDICT;
  }

  verdictReached(): void {
    this.#proceed(FOR_VERDICT);
  }

  channelBinding(): Uint8Array | undefined {
    const socket = this.#socket;
    // Below TLS 1.3 the exporter needs the extended master secret (RFC 9266, 4.2), which Node does not tell of.
    if (!(socket instanceof TLSSocket) || socket.getProtocol() !== "TLSv1.3") return undefined;
    return socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
  }

  established(session: LocalSession): void {
    const { addresses, counters, limits, logger, reportable, sessions, uplink } = this.#environment;
    this.#setup = undefined;
    this.#session = session;
    this.#handover = new OrderedHandover(uplink, session, this);
    this.#deadline = 0;
    this.#parser.setLimits(limits.afterLogin);
    reportable?.add(session);
    sessions.add(session);
    addresses.loggedIn();
    counters.logins++;
    logger.debug({ event: "session.bound", jid: session.jid, session: session.ref.session });
  }

  // --- the end -----------------------------------------------------------------------------------------------------

  /** Ends the stream with a stream error, behind a response header if none was sent. */
  closeWith(condition: string, text: string | undefined): void {
    if (this.#phase === "tls") {
      this.#socket.destroy();
      return;
    }
    if (this.#phase !== "open") return;
    const { counters, logger } = this.#environment;
    counters.streamErrors++;
    const error = streamErrorCondition(condition);
    try {
      if (this.#setup !== undefined) this.#setup.fault(error, text);
      else this.#end(streamErrorXml(error, text) + streamClose);
    } catch (fault) {
      counters.streamFaults++;
      logger.error({ event: "stream.fault", jid: this.#session?.jid, error: fault });
      this.#socket.destroy();
    }
  }

  /**
   * Ends the stream because the server shuts down; stanzas that are on their way are still taken.
   * @param otherHost where a client that is logged in is to go (RFC 6120, 4.9.3.19).
   */
  shutDown(otherHost: string | undefined): void {
    this.#lingers = this.#session !== undefined && this.#phase === "open";
    if (!this.#lingers || otherHost === undefined) {
      this.closeWith("system-shutdown", undefined);
      return;
    }
    this.#environment.counters.streamErrors++;
    this.#end(streamErrorXml("see-other-host", undefined, otherHost) + streamClose);
  }

  /** Ends the connection without ceremony. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** The client ended its stream first. */
  #clientEnded(): void {
    if (this.#phase !== "open") return;
    if (this.#setup !== undefined) this.#setup.step({ kind: "stream-end" });
    else this.#end(streamClose);
    this.#finish();
  }

  #end(xml: string): void {
    this.write(xml);
    this.closed();
  }

  closed(): void {
    if (this.#phase !== "open") return;
    this.#phase = "closing";
    this.#deadline = this.#environment.clock.now() + this.#environment.limits.closeMs;
    if (this.#session !== undefined) this.#environment.sessions.remove(this.#session);
    if (!this.#lingers) this.#endSession();
    this.flush();
    // An end that the client can be expected to answer is awaited; bytes that make no sense are not.
    if (this.#inputBroken) this.#finish();
  }

  /** Ends our side of the connection; over TLS that is close_notify (RFC 6120, 4.4). */
  #finish(): void {
    if (this.#phase === "ended" || this.#phase === "gone") return;
    this.flush();
    this.#phase = "ended";
    this.#deadline = this.#environment.clock.now() + this.#environment.limits.closeMs;
    this.#endSession();
    this.#socket.end();
    // The rest of the input is read and thrown away, so that the other side gets what we sent.
    this.#waits = 0;
    this.#steerReading();
  }

  #endSession(): void {
    this.#login?.abandoned();
    this.#setup?.abandon();
    const session = this.#session;
    if (session === undefined || this.#sessionEnded) return;
    this.#sessionEnded = true;
    const { endSessions, logger, reportable, sessions } = this.#environment;
    sessions.remove(session);
    if (session.acknowledged?.isDisowned) reportable?.remove(session);
    else endSessions.end(session.account, session.ref, session);
    logger.debug({ event: "session.ended", jid: session.jid, session: session.ref.session });
  }

  crashed(error: unknown): void {
    const { counters, logger } = this.#environment;
    counters.streamFaults++;
    logger.error({ event: "stream.fault", jid: this.#session?.jid, error });
    this.#inputBroken = true;
    this.closeWith("internal-server-error", undefined);
  }

  // --- time ----------------------------------------------------------------------------------------------------------

  /** Called about once a second. */
  sweep(now: number): void {
    if (this.#bytesThisSecond > 0) {
      this.#bytesThisSecond = 0;
      this.#proceed(FOR_RATE);
    }
    if ((this.#waits & FOR_READER) !== 0 && this.#phase === "open") this.#watchReader();
    if (this.#deadline !== 0 && now >= this.#deadline) {
      this.#deadlinePassed();
    } else if (this.#session !== undefined && this.#phase === "open" && !this.#pinged) {
      if (now - this.#heardAt >= this.#environment.limits.idleMs && (this.#waits & ~FOR_READER) === 0) {
        this.#ping(this.#session, now);
      }
    }
  }

  #watchReader(): void {
    const waiting = this.#waiting;
    if (waiting <= this.#environment.limits.outputBytes) {
      this.#sweepsUnread = 0;
      this.#sweepsOver = 0;
      return;
    }
    this.#sweepsUnread = waiting < this.#waitingAtSweep ? 0 : this.#sweepsUnread + 1;
    this.#waitingAtSweep = waiting;
    this.#sweepsOver++;
    if (this.#sweepsUnread >= SWEEPS_WITHOUT_READING || this.#sweepsOver >= SWEEPS_OVER_LIMIT)
      this.#notReading();
  }

  /** XEP-0199, from the server. Whatever the client says is sign of life enough. */
  #ping(session: LocalSession, now: number): void {
    this.#pinged = true;
    this.#deadline = now + this.#environment.limits.pingMs;
    this.write(
      `<iq from="${session.domain}" to="${escapeAttribute(session.jid)}" type="get" id="${this.#environment.newStreamId()}">` +
        `<ping xmlns="${NS.ping}"/></iq>`,
    );
  }

  #deadlinePassed(): void {
    this.#deadline = 0;
    switch (this.#phase) {
      case "open":
        if (this.#session === undefined) {
          this.closeWith("policy-violation", "the login took too long");
        } else {
          this.#environment.counters.clientsTimedOut++;
          this.#inputBroken = true;
          this.closeWith("connection-timeout", undefined);
        }
        return;
      case "closing":
        this.#finish();
        return;
      default:
        this.#socket.destroy();
    }
  }
}
