/**
 * What one process sends to another on NATS: everything that one turn of its event loop has for the other, in order.
 * Compact JSON with the payloads inside, so that any language and any person can read it.
 *
 *   {"v":1, "o":"presence-1-x7", "l":3, "b":17,
 *    "m":[{"s":17, "i":90, "c":"deliver", "k":["juliet@example.com"], "p":{…}}],
 *    "a":[[5], [6,"not-owner",["romeo@example.net"]], [7,"error","queue-full"], [8,"answer",{…}]],
 *    "h":[2,9,0], "q":17}
 *
 * A change that an older reader would misunderstand gets a new version number; golden files keep the old ones honest.
 */
import { z } from "zod";
import { type Address, channels } from "./channels.ts";
import * as schemas from "./schemas.ts";

export const FRAME_VERSION = 1;

export type OwnerAddress = Exclude<Address, "node">;

/** In whose name an owner speaks, so that whoever knows a later owner can refuse it. */
export interface Acting {
  readonly address: OwnerAddress;
  /** `undefined`: for several partitions; the payload shows which. */
  readonly partition: number | undefined;
  /** The last revision of the leases that the sender had seen when it decided to send. */
  readonly asOf: number;
}

export interface FrameMessage {
  /** Number on this link; without gaps. */
  readonly seq: number;
  /** The sender's number of the message: the same whenever and to whomever it is sent again. */
  readonly id: number;
  readonly channel: string;
  /** The key, or the keys of a multicast; empty in a message that was taken back. */
  readonly keys: readonly string[];
  readonly payload: unknown;
  readonly acting: Acting | undefined;
  /** Partitions of which this is the first message after some came back: earlier refusals are void. */
  readonly fresh: readonly number[];
  /** W3C `traceparent`, only when the stanza is sampled. */
  readonly trace: string | undefined;
  /** Why the payload cannot be used; the message is refused, and takes its place in the order all the same. */
  readonly malformed: string | undefined;
}

/** What became of a message. */
export type Ack =
  | { readonly seq: number; readonly kind: "done" }
  /** Not, or not now, the owner of these keys; the message is finished for the others. */
  | { readonly seq: number; readonly kind: "not-owner"; readonly keys: readonly string[] }
  | { readonly seq: number; readonly kind: "error"; readonly code: string }
  | { readonly seq: number; readonly kind: "answer"; readonly answer: unknown };

/** How far the sender of the frame has come with the link of its receiver. */
export interface Heard {
  readonly link: number;
  /** The next number that it takes; it has everything below. */
  readonly next: number;
  /** It saw later ones: what lies between was lost. */
  readonly gap: boolean;
}

export interface Frame {
  /** Id of the sending process. */
  readonly from: string;
  /** Which of its links to this receiver; a higher one makes a lower one void. */
  readonly link: number;
  /** The lowest number whose end the sender has not heard of. */
  readonly base: number;
  readonly messages: readonly FrameMessage[];
  readonly acks: readonly Ack[];
  readonly heard: Heard | undefined;
  /** Asks what became of the messages up to this number. */
  readonly probe: number | undefined;
}

export type DecodedFrame =
  | { readonly kind: "frame"; readonly frame: Frame }
  /** Counted and refused; nothing of it may be used. */
  | { readonly kind: "malformed"; readonly reason: string };

const payloadSchemas: Readonly<Record<string, z.ZodType>> = {
  [channels.nodeDeliveries.name]: schemas.nodeDeliveries,
  [channels.reportSessions.name]: schemas.sessionReportQuestion,
  [channels.deliver.name]: schemas.deliverStanza,
  [channels.fanOut.name]: schemas.presenceFanOut,
  [channels.bind.name]: schemas.bindResource,
  [channels.knownSessions.name]: schemas.knownSessionsQuestion,
  [channels.presenceCommands.name]: schemas.presenceCommand,
  [channels.rosterCommands.name]: schemas.rosterCommand,
  [channels.inboundSubscriptions.name]: schemas.inboundSubscription,
  [channels.rosterView.name]: schemas.rosterViewQuestion,
  [channels.subscribers.name]: schemas.subscribersQuestion,
  [channels.rosterAdmin.name]: schemas.rosterAdminQuestion,
  [channels.presenceAdmin.name]: schemas.presenceAdminQuestion,
};

const answerSchemas: Readonly<Record<string, z.ZodType>> = {
  [channels.reportSessions.name]: schemas.sessionReport,
  [channels.bind.name]: schemas.bindAnswer,
  [channels.knownSessions.name]: schemas.knownSessionsAnswer,
  [channels.rosterView.name]: schemas.rosterView,
  [channels.subscribers.name]: schemas.subscribersAnswer,
  [channels.rosterAdmin.name]: schemas.rosterAdminAnswer,
  [channels.presenceAdmin.name]: schemas.presenceAdminAnswer,
};

const count = z.number().int().nonnegative();

const wireMessage = z.object({
  s: count,
  i: count,
  c: z.string(),
  k: z.array(z.string()),
  p: z.unknown(),
  e: z
    .tuple([z.enum(["roster-owner", "presence-owner"]), z.number().int().min(-1).max(65_535), count])
    .optional(),
  f: z.array(count).optional(),
  t: z.string().length(55).optional(),
});

const wireAck = z.union([
  z.tuple([count]),
  z.tuple([count, z.literal("not-owner"), z.array(z.string())]),
  z.tuple([count, z.literal("error"), z.string().max(64)]),
  z.tuple([count, z.literal("answer"), z.unknown()]),
]);

const wireFrame = z.object({
  v: z.literal(FRAME_VERSION),
  o: z.string().min(1).max(128),
  l: count,
  b: count,
  m: z.array(wireMessage).optional(),
  a: z.array(wireAck).optional(),
  h: z.tuple([count, count, z.literal([0, 1])]).optional(),
  q: count.optional(),
});

/** What of a message is the same at every sending, as JSON without its braces: made once. */
export function encodeMessageBody(
  message: Pick<FrameMessage, "id" | "channel" | "payload" | "acting">,
): string {
  const { id, channel, payload, acting } = message;
  let text = `"i":${id},"c":${JSON.stringify(channel)},"p":${JSON.stringify(payload)}`;
  if (acting !== undefined) text += `,"e":["${acting.address}",${acting.partition ?? -1},${acting.asOf}]`;
  return text;
}

/** A message for `encodeFrame`. @param body of `encodeMessageBody`. @param trace W3C `traceparent` of this sending. */
export function encodeMessage(
  seq: number,
  keys: readonly string[],
  fresh: readonly number[],
  body: string,
  trace: string | undefined,
): string {
  let start = `{"s":${seq},"k":${JSON.stringify(keys)},`;
  if (trace !== undefined) start += `"t":${JSON.stringify(trace)},`;
  return fresh.length === 0 ? `${start}${body}}` : `${start}"f":[${fresh.join(",")}],${body}}`;
}

export function encodeAck(ack: Ack): string {
  switch (ack.kind) {
    case "done":
      return `[${ack.seq}]`;
    case "not-owner":
      return `[${ack.seq},"not-owner",${JSON.stringify(ack.keys)}]`;
    case "error":
      return `[${ack.seq},"error",${JSON.stringify(ack.code)}]`;
    case "answer":
      return `[${ack.seq},"answer",${JSON.stringify(ack.answer) ?? "null"}]`;
  }
}

/** @param messages of `encodeMessage`. @param acks of `encodeAck`. */
export function encodeFrame(
  frame: Pick<Frame, "from" | "link" | "base" | "heard" | "probe">,
  messages: readonly string[],
  acks: readonly string[],
): string {
  const { from, link, base, heard, probe } = frame;
  let text = `{"v":${FRAME_VERSION},"o":${JSON.stringify(from)},"l":${link},"b":${base}`;
  if (messages.length > 0) text += `,"m":[${messages.join(",")}]`;
  if (acks.length > 0) text += `,"a":[${acks.join(",")}]`;
  if (heard !== undefined) text += `,"h":[${heard.link},${heard.next},${heard.gap ? 1 : 0}]`;
  if (probe !== undefined) text += `,"q":${probe}`;
  return `${text}}`;
}

/**
 * Reads a frame of this version and checks each payload against the schema of its channel. Never throws. A message
 * whose payload is wrong is marked, since those after it may not take its place.
 */
export function decodeFrame(text: string): DecodedFrame {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: "malformed", reason: "not JSON" };
  }
  const wire = wireFrame.safeParse(json);
  if (!wire.success) return { kind: "malformed", reason: describe("frame", wire.error) };
  const { o, l, b, m, a, h, q } = wire.data;
  return {
    kind: "frame",
    frame: {
      from: o,
      link: l,
      base: b,
      messages: m === undefined ? [] : m.map(messageOf),
      acks: a === undefined ? [] : a.map(ackOf),
      heard: h === undefined ? undefined : { link: h[0], next: h[1], gap: h[2] === 1 },
      probe: q,
    },
  };
}

const nothing: readonly number[] = [];
const takenBack = { data: undefined, reason: undefined };

function messageOf({ s, i, c, k, p, e, f, t }: z.infer<typeof wireMessage>): FrameMessage {
  const checked = k.length === 0 ? takenBack : checkPayload(c, p);
  return {
    seq: s,
    id: i,
    channel: c,
    keys: k,
    payload: checked.data,
    acting:
      e === undefined ? undefined : { address: e[0], partition: e[1] === -1 ? undefined : e[1], asOf: e[2] },
    fresh: f ?? nothing,
    trace: t,
    malformed: checked.reason,
  };
}

function ackOf(wire: z.infer<typeof wireAck>): Ack {
  const seq = wire[0];
  switch (wire[1]) {
    case undefined:
      return { seq, kind: "done" };
    case "not-owner":
      return { seq, kind: "not-owner", keys: wire[2] };
    case "error":
      return { seq, kind: "error", code: wire[2] };
    case "answer":
      return { seq, kind: "answer", answer: wire[2] };
  }
}

function checkPayload(channel: string, payload: unknown): { data: unknown; reason: string | undefined } {
  const schema = Object.hasOwn(payloadSchemas, channel) ? payloadSchemas[channel] : undefined;
  if (schema === undefined) return { data: undefined, reason: "unknown channel" };
  const checked = schema.safeParse(payload);
  if (!checked.success) return { data: undefined, reason: describe(channel, checked.error) };
  return { data: checked.data, reason: undefined };
}

export type CheckedAnswer =
  | { readonly kind: "answer"; readonly answer: unknown }
  | { readonly kind: "malformed"; readonly reason: string };

/** The answer to a question, as it came in an `Ack`. */
export function checkAnswer(channel: string, answer: unknown): CheckedAnswer {
  const schema = Object.hasOwn(answerSchemas, channel) ? answerSchemas[channel] : undefined;
  if (schema === undefined) return { kind: "malformed", reason: "not a question" };
  const checked = schema.safeParse(answer);
  if (!checked.success) return { kind: "malformed", reason: describe(channel, checked.error) };
  return { kind: "answer", answer: checked.data };
}

/** Where the first problem is; never the value, which may be a message body. */
function describe(what: string, error: z.ZodError): string {
  const issue = error.issues[0];
  return `${what}: ${issue?.code ?? "invalid"} at ${issue?.path.join(".") ?? "?"}`;
}
