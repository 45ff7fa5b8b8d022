/**
 * Questions to processes and their answers on the wire: JSON with a version. A process of another version that does
 * not know a kind of question says so, and fields that a reader does not know are left out.
 */
import { z } from "zod";
import { controlQuestions, isControlKind } from "./questions.ts";

export const CONTROL_VERSION = 1;
/** What a question may take, in UTF-16 units. */
const QUESTION_LIMIT = 16 * 1_024;
/** What an answer may take: a status with all partitions is some 4 KB. */
const REPLY_LIMIT = 256 * 1_024;

const name = z.string().min(1).max(128);

/** A process as it introduces itself. */
const controlProcess = z.object({
  /** Node id or instance id, new at every start. */
  id: name,
  kind: name,
  version: z.string().max(128),
  /** Milliseconds since the epoch, by its own clock. */
  startedAt: z.number(),
});

export type ControlProcess = z.infer<typeof controlProcess>;

const ask = z.object({
  v: z.literal(CONTROL_VERSION),
  from: name,
  /** Ids or kinds of the processes that are to answer; all where there is none. */
  to: z.array(name).max(256).optional(),
  question: z.looseObject({ kind: name }) as unknown as z.ZodType<AnyControlQuestion>,
});

/** Of any version: what else it has depends on the kind. */
export interface AnyControlQuestion {
  readonly kind: string;
}

export type ControlAsk = z.infer<typeof ask>;

const outcome = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("answered"), answer: z.unknown() }),
  /** The process knows no such question, or nobody in it answers it. */
  z.object({ kind: z.literal("not-known") }),
  z.object({ kind: z.literal("failed"), message: z.string() }),
]);

const reply = z.object({
  v: z.literal(CONTROL_VERSION),
  process: controlProcess,
  /** When the question came and the answer went, in milliseconds since the epoch by the clock of the process. */
  receivedAt: z.number(),
  sentAt: z.number(),
  outcome,
});

export type ControlReply = z.infer<typeof reply>;

export type Decoded<T> =
  | { readonly kind: "decoded"; readonly value: T }
  /** Tells what is wrong, and nothing of what was in it. */
  | { readonly kind: "malformed"; readonly reason: string };

export function encodeControlAsk(value: ControlAsk): string {
  return JSON.stringify(value);
}

/** Of a kind that is not known here the question is not checked: it is not answered either. */
export function decodeControlAsk(text: string): Decoded<ControlAsk> {
  const decoded = parse(text, ask, QUESTION_LIMIT);
  if (decoded.kind === "malformed") return decoded;
  const { question } = decoded.value;
  if (!isControlKind(question.kind)) return decoded;
  const checked = check(question, controlQuestions[question.kind].question as z.ZodType<AnyControlQuestion>);
  if (checked.kind === "malformed") return checked;
  return { kind: "decoded", value: { ...decoded.value, question: checked.value } };
}

export function encodeControlReply(value: ControlReply): string {
  return JSON.stringify(value);
}

/** @param kind of the question that it answers. */
export function decodeControlReply(text: string, kind: string): Decoded<ControlReply> {
  const decoded = parse(text, reply, REPLY_LIMIT);
  if (decoded.kind === "malformed" || decoded.value.outcome.kind !== "answered") return decoded;
  if (!isControlKind(kind)) return { kind: "malformed", reason: "answers a question that is not known here" };
  const checked = check(decoded.value.outcome.answer, controlQuestions[kind].answer as z.ZodType<unknown>);
  if (checked.kind === "malformed") return checked;
  return {
    kind: "decoded",
    value: { ...decoded.value, outcome: { kind: "answered", answer: checked.value } },
  };
}

function parse<T>(text: string, schema: z.ZodType<T>, limit: number): Decoded<T> {
  if (text.length > limit) return { kind: "malformed", reason: "is too long" };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: "malformed", reason: "is no JSON" };
  }
  return check(json, schema);
}

function check<T>(value: unknown, schema: z.ZodType<T>): Decoded<T> {
  const checked = schema.safeParse(value);
  if (checked.success) return { kind: "decoded", value: checked.data };
  const [issue] = checked.error.issues;
  return { kind: "malformed", reason: `${issue?.path.join(".") || "it"}: ${issue?.code}` };
}
