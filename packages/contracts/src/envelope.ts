/**
 * One message on the wire: compact JSON with the payload inside, so that any language and any person can read it.
 * A change that an older reader would misunderstand gets a new version number; golden files keep the old ones honest.
 */
import { z } from "zod";
import { channels } from "./channels.ts";
import * as schemas from "./schemas.ts";
import type { CommandId } from "./session.ts";

export const ENVELOPE_VERSION = 1;

export interface Envelope {
  /** Who sent it, and its number in that sender's own count: the receiver drops what it has seen. */
  readonly origin: CommandId;
  /** The lease revision under which an owner sent it; 0 from anybody else. */
  readonly epoch: number;
  /** W3C `traceparent`, only when the stanza is sampled. */
  readonly trace: string | undefined;
  /** Name of the channel. */
  readonly channel: string;
  /** The key, or the keys of a multicast. */
  readonly keys: readonly string[];
  readonly payload: unknown;
}

export type Decoded =
  | { readonly kind: "envelope"; readonly envelope: Envelope }
  /** Counted and refused; nothing of it may be used. */
  | { readonly kind: "malformed"; readonly reason: string };

const payloadSchemas: Readonly<Record<string, z.ZodType>> = {
  [channels.nodeDeliveries.name]: schemas.nodeDeliveries,
  [channels.deliver.name]: schemas.deliverStanza,
  [channels.fanOut.name]: schemas.presenceFanOut,
  [channels.bind.name]: schemas.bindResource,
  [channels.presenceCommands.name]: schemas.presenceCommand,
  [channels.rosterCommands.name]: schemas.rosterCommand,
  [channels.inboundSubscriptions.name]: schemas.inboundSubscription,
  [channels.rosterView.name]: schemas.rosterViewQuestion,
  [channels.subscribers.name]: schemas.subscribersQuestion,
  [channels.rosterAdmin.name]: schemas.rosterAdminQuestion,
  [channels.presenceAdmin.name]: schemas.presenceAdminQuestion,
};

const answerSchemas: Readonly<Record<string, z.ZodType>> = {
  [channels.bind.name]: schemas.bindAnswer,
  [channels.rosterView.name]: schemas.rosterView,
  [channels.subscribers.name]: schemas.subscribersAnswer,
  [channels.rosterAdmin.name]: schemas.rosterAdminAnswer,
  [channels.presenceAdmin.name]: schemas.presenceAdminAnswer,
};

const wireEnvelope = z.object({
  v: z.literal(ENVELOPE_VERSION),
  o: z.tuple([z.string(), z.number().int().nonnegative(), z.number().int().nonnegative()]),
  e: z.number().int().nonnegative(),
  t: z.string().length(55).optional(),
  c: z.string(),
  k: z.array(z.string()).min(1),
  p: z.unknown(),
});

export function encodeEnvelope(envelope: Envelope): string {
  return JSON.stringify({
    v: ENVELOPE_VERSION,
    o: [envelope.origin.origin, envelope.origin.session, envelope.origin.sequence],
    e: envelope.epoch,
    t: envelope.trace,
    c: envelope.channel,
    k: envelope.keys,
    p: envelope.payload,
  });
}

/** Reads an envelope of this version and checks its payload against the schema of its channel. Never throws. */
export function decodeEnvelope(text: string): Decoded {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: "malformed", reason: "not JSON" };
  }
  const wire = wireEnvelope.safeParse(json);
  if (!wire.success) return { kind: "malformed", reason: describe("envelope", wire.error) };
  const { o, e, t, c, k, p } = wire.data;
  const schema = Object.hasOwn(payloadSchemas, c) ? payloadSchemas[c] : undefined;
  if (schema === undefined) return { kind: "malformed", reason: "unknown channel" };
  const payload = schema.safeParse(p);
  if (!payload.success) return { kind: "malformed", reason: describe(c, payload.error) };
  return {
    kind: "envelope",
    envelope: {
      origin: { origin: o[0], session: o[1], sequence: o[2] },
      epoch: e,
      trace: t,
      channel: c,
      keys: k,
      payload: payload.data,
    },
  };
}

export type DecodedAnswer =
  | { readonly kind: "answer"; readonly answer: unknown }
  | { readonly kind: "malformed"; readonly reason: string };

/** The answer to a question, as text and back. */
export function encodeAnswer(answer: unknown): string {
  return JSON.stringify(answer);
}

export function decodeAnswer(channel: string, text: string): DecodedAnswer {
  const schema = Object.hasOwn(answerSchemas, channel) ? answerSchemas[channel] : undefined;
  if (schema === undefined) return { kind: "malformed", reason: "not a question" };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: "malformed", reason: "not JSON" };
  }
  const answer = schema.safeParse(json);
  if (!answer.success) return { kind: "malformed", reason: describe(channel, answer.error) };
  return { kind: "answer", answer: answer.data };
}

/** Where the first problem is; never the value, which may be a message body. */
function describe(what: string, error: z.ZodError): string {
  const issue = error.issues[0];
  return `${what}: ${issue?.code ?? "invalid"} at ${issue?.path.join(".") ?? "?"}`;
}
