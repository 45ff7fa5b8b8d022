/**
 * One direction to and one from another process, over a network that may lose whatever it carries (docs/adr/0010).
 *
 * Out: cargo gets a number without gaps and is kept until its end is known. What the peer says it missed is sent again
 * from there; when nothing is heard for a while the peer is asked (a probe). A frame that found nobody comes back as a
 * bounce: nothing but probes goes out then, until the peer answers.
 * In: messages are taken in the order of their numbers only, each once. Its end is told, and told again when the
 * peer asks, until the peer's `base` shows that it has heard of it.
 *
 * No I/O and no clock of its own.
 */
import {
  type Ack,
  encodeAck,
  encodeFrame,
  encodeMessage,
  type Frame,
  type FrameMessage,
} from "@rollcall/contracts";

/** A message on its way. */
export interface Cargo {
  /** JSON of `encodeMessageBody`. */
  readonly body: string;
  /** First of these partitions after some came back. */
  readonly fresh: readonly number[];
  /** W3C `traceparent`, where it is traced. */
  readonly trace: string | undefined;
  /** Whom it is for; empty when it was taken back. */
  keys(): readonly string[];
  /** Called once, unless it was taken back. */
  acked(ack: Ack): void;
}

/** Takes an incoming message; `settle` is called once, at any time. */
export type Accept = (link: Link, message: FrameMessage, settle: (ack: Ack) => void) => void;

export interface LinkPort {
  /** This process. */
  readonly processId: string;
  /** Whether what is published has a chance. */
  connected(): boolean;
  now(): number;
  publish(peer: string, frame: string): void;
  /** `flush` and, while `isWaiting`, `tick` have to be called. */
  dirty(link: Link): void;
  readonly accept: Accept;
}

/** UTF-16 units of a frame. With escapes and UTF-8 it stays below the usual limit of 1 MiB. */
const FRAME_SIZE = 262_144;
/** Units on their way to a peer before the rest waits. */
const WINDOW_SIZE = 8_388_608;
const PROBE_MS = 250;
const LONGEST_PROBE_MS = 1_000;
const BOUNCE_PROBE_MS = 25;
const LONGEST_BOUNCE_PROBE_MS = 250;
/** One loss is told, and mended, once in this time. */
const GAP_MS = 100;

interface Incoming {
  readonly link: number;
  next: number;
  /** Below this the peer has heard of everything. */
  base: number;
  /** Ends that the peer may not have heard of, encoded. */
  readonly ends: Map<number, string>;
  gapTold: number;
  gapToldAt: number;
}

export class Link {
  readonly peer: string;
  readonly number: number;
  /** Partitions, with their service, of which messages were refused and no fresh one has come. For the receiver. */
  blocked = new Set<string>();
  readonly #port: LinkPort;
  readonly #unacked = new Map<number, Cargo>();
  #next = 0;
  /** The first number that has not gone out, or has to go out again. */
  #unpublished = 0;
  #windowUsed = 0;
  #resentFrom = -1;
  #resentAt = Number.NEGATIVE_INFINITY;
  #probeAt = Number.POSITIVE_INFINITY;
  #probeWait = PROBE_MS;
  #probing = false;
  #probed = -1;
  #bouncedSince: number | undefined;
  #heardAt: number;
  #usedAt: number;
  #incoming: Incoming | undefined;
  #acks: string[] = [];
  #heardDue = false;

  constructor(peer: string, number: number, port: LinkPort) {
    this.peer = peer;
    this.number = number;
    this.#port = port;
    this.#heardAt = Number.NEGATIVE_INFINITY;
    this.#usedAt = port.now();
  }

  /** Since when every frame has come back. */
  get bouncedSince(): number | undefined {
    return this.#bouncedSince;
  }

  /** When the peer last sent something. */
  get heardAt(): number {
    return this.#heardAt;
  }

  get usedAt(): number {
    return this.#usedAt;
  }

  /** Something is on its way out. */
  get isWaiting(): boolean {
    return this.#unacked.size > 0;
  }

  send(cargo: Cargo): void {
    this.#unacked.set(this.#next, cargo);
    this.#next += 1;
    this.#port.dirty(this);
  }

  /** Asks at once what became of what is on its way. */
  probe(): void {
    this.#probing = true;
    this.#port.dirty(this);
  }

  /** Sends what there is, unless there is nobody to take it. */
  flush(): void {
    if (!this.#port.connected()) return;
    this.#usedAt = this.#port.now();
    if (this.#bouncedSince !== undefined) {
      if (this.#probing) this.#publish([], []);
      return;
    }
    const acks = this.#acks;
    this.#acks = [];
    for (;;) {
      const messages = this.#takeMessages();
      const told = takeUpTo(acks, FRAME_SIZE);
      if (messages.length === 0 && told.length === 0 && !this.#heardDue && !this.#probing) return;
      this.#publish(messages, told);
    }
  }

  /** Time went on; to be called every few tens of milliseconds while `isWaiting`. */
  tick(): void {
    if (this.#unacked.size === 0 || !this.#port.connected()) return;
    const now = this.#port.now();
    if (this.#probeAt === Number.POSITIVE_INFINITY) this.#probeAt = now + this.#probeWait;
    if (now < this.#probeAt) return;
    const longest = this.#bouncedSince === undefined ? LONGEST_PROBE_MS : LONGEST_BOUNCE_PROBE_MS;
    this.#probeWait = Math.min(longest, this.#probeWait * 2);
    this.#probeAt = now + this.#probeWait;
    this.#probing = true;
    this.flush();
  }

  /** A frame found nobody. */
  bounced(): void {
    if (this.#bouncedSince !== undefined) return;
    const now = this.#port.now();
    this.#bouncedSince = now;
    this.#probeWait = BOUNCE_PROBE_MS;
    this.#probeAt = now + BOUNCE_PROBE_MS;
  }

  /** The connection is back: what was on its way may be lost, in both directions. */
  reconnected(): void {
    this.#bouncedSince = undefined;
    if (this.#unacked.size > 0) this.#probing = true;
    if (this.#incoming !== undefined) this.#tellAgain(this.#incoming);
    this.#port.dirty(this);
  }

  receive(frame: Frame): void {
    const now = this.#port.now();
    this.#heardAt = now;
    this.#usedAt = now;
    if (this.#bouncedSince !== undefined) {
      this.#bouncedSince = undefined;
      this.#probing = true;
      this.#port.dirty(this);
    }
    this.#receiveMessages(frame, now);
    for (const ack of frame.acks) this.#receiveAck(ack);
    const { heard } = frame;
    if (heard?.link !== this.number) return;
    // What went out after the probe may still be on its way.
    if (heard.gap || heard.next <= this.#probed) this.#goBack(heard.next, now);
  }

  #takeMessages(): string[] {
    const messages: string[] = [];
    let size = 0;
    while (this.#unpublished < this.#next && size < FRAME_SIZE && this.#windowUsed < WINDOW_SIZE) {
      const seq = this.#unpublished;
      const cargo = this.#unacked.get(seq);
      const keys = cargo?.keys() ?? [];
      // What was taken back keeps its number, or those after it could not be taken.
      const text = encodeMessage(
        seq,
        keys,
        cargo?.fresh ?? [],
        keys.length === 0 ? takenBack : (cargo?.body ?? ""),
        cargo?.trace,
      );
      if (messages.length > 0 && size + text.length > FRAME_SIZE) break;
      messages.push(text);
      size += text.length;
      if (cargo !== undefined) this.#windowUsed += cargo.body.length;
      this.#unpublished += 1;
    }
    return messages;
  }

  #publish(messages: readonly string[], acks: readonly string[]): void {
    const incoming = this.#incoming;
    const heard =
      this.#heardDue && incoming !== undefined
        ? { link: incoming.link, next: incoming.next, gap: incoming.gapTold === incoming.next }
        : undefined;
    const probe = this.#probing && this.#unacked.size > 0 ? Math.max(0, this.#unpublished - 1) : undefined;
    if (probe !== undefined) this.#probed = probe;
    this.#heardDue = false;
    this.#probing = false;
    const { processId } = this.#port;
    const base = this.#base();
    this.#port.publish(
      this.peer,
      encodeFrame({ from: processId, link: this.number, base, heard, probe }, messages, acks),
    );
  }

  #base(): number {
    for (const seq of this.#unacked.keys()) return seq;
    return this.#next;
  }

  #receiveMessages(frame: Frame, now: number): void {
    let incoming = this.#incoming;
    if (incoming !== undefined && frame.link < incoming.link) return;
    if (incoming === undefined || frame.link > incoming.link) {
      this.blocked = new Set();
      incoming = {
        link: frame.link,
        next: frame.base,
        base: frame.base,
        ends: new Map(),
        gapTold: -1,
        gapToldAt: Number.NEGATIVE_INFINITY,
      };
      this.#incoming = incoming;
    }
    for (; incoming.base < frame.base; incoming.base += 1) incoming.ends.delete(incoming.base);
    // Numbers below the base are of no interest to the peer, whether they came or not.
    if (incoming.next < frame.base) incoming.next = frame.base;
    for (const message of frame.messages) {
      if (message.seq > incoming.next) {
        this.#tellGap(incoming, now);
        break;
      }
      if (message.seq < incoming.next) {
        const end = incoming.ends.get(message.seq);
        if (end !== undefined) this.#tell(end);
        continue;
      }
      incoming.next += 1;
      if (message.keys.length > 0) this.#accept(incoming, message);
      else this.#end(incoming, { seq: message.seq, kind: "done" });
    }
    if (frame.probe === undefined) return;
    this.#tellAgain(incoming);
    this.#heardDue = true;
    this.#port.dirty(this);
  }

  #accept(incoming: Incoming, message: FrameMessage): void {
    this.#port.accept(this, message, (ack) => this.#end(incoming, ack));
  }

  #end(incoming: Incoming, ack: Ack): void {
    if (incoming !== this.#incoming || ack.seq < incoming.base) return;
    const text = encodeAck(ack);
    incoming.ends.set(ack.seq, text);
    this.#tell(text);
  }

  #tell(end: string): void {
    this.#acks.push(end);
    this.#port.dirty(this);
  }

  #tellAgain(incoming: Incoming): void {
    this.#acks = [...incoming.ends.values()];
  }

  #tellGap(incoming: Incoming, now: number): void {
    if (incoming.gapTold === incoming.next && now - incoming.gapToldAt < GAP_MS) return;
    incoming.gapTold = incoming.next;
    incoming.gapToldAt = now;
    this.#heardDue = true;
    this.#port.dirty(this);
  }

  #receiveAck(ack: Ack): void {
    const cargo = this.#unacked.get(ack.seq);
    if (cargo === undefined) return;
    this.#unacked.delete(ack.seq);
    if (ack.seq < this.#unpublished) this.#windowUsed -= cargo.body.length;
    this.#probeWait = PROBE_MS;
    this.#probeAt = Number.POSITIVE_INFINITY;
    if (this.#unpublished < this.#next) this.#port.dirty(this);
    if (cargo.keys().length > 0) cargo.acked(ack);
  }

  /** The peer has everything below `next`; what went out from there on is lost. */
  #goBack(next: number, now: number): void {
    if (next >= this.#unpublished) return;
    if (next === this.#resentFrom && now - this.#resentAt < GAP_MS) return;
    this.#resentFrom = next;
    this.#resentAt = now;
    for (let seq = next; seq < this.#unpublished; seq += 1) {
      this.#windowUsed -= this.#unacked.get(seq)?.body.length ?? 0;
    }
    this.#unpublished = next;
    this.#port.dirty(this);
  }
}

const takenBack = '"i":0,"c":"","p":null';

/** Takes texts from the front: at least one, and no more than the size. */
function takeUpTo(texts: string[], size: number): string[] {
  let used = 0;
  let count = 0;
  for (const text of texts) {
    used += text.length;
    if (count > 0 && used > size) break;
    count += 1;
  }
  return texts.splice(0, count);
}
