import type { EventName } from "./names.ts";

/**
 * What a field holds. `jid` fields are shown as stand-ins under `log.jids=hashed`; `error` fields as name, code, message,
 * stack and cause.
 */
export type FieldKind = keyof KindValues;

interface KindValues {
  readonly jid: string;
  /** Whatever was thrown. */
  readonly error: unknown;
  readonly text: string;
  readonly number: number;
  readonly flag: boolean;
  readonly list: readonly string[];
  /** JSON; never something that a client sent. */
  readonly details: object;
}

interface FieldSpec {
  readonly kind: FieldKind;
  /** For operators, in a sentence. */
  readonly doc: string;
}

/**
 * Every field that a log line may have beside `time`, `level`, `name` and `event`. A field that is not here does not
 * compile. There is none for a stanza, a body, a status, a password or a token, and none must come.
 */
export const logFields = {
  account: { kind: "jid", doc: "The account whose owner, roster, sessions or messages it is about." },
  address: { kind: "text", doc: "The IP address of a client." },
  area: {
    kind: "text",
    doc: "The events whose level was changed: the part of their names before the dot; all without it.",
  },
  bucket: { kind: "text", doc: "A bucket of Riak." },
  channel: { kind: "text", doc: "A kind of message between processes, or `frame`." },
  code: { kind: "number", doc: "The exit code of the process." },
  complete: { kind: "flag", doc: "Whether an import got to its last line." },
  contact: { kind: "jid", doc: "The contact of an account." },
  contacts: { kind: "number", doc: "How many contacts it is about." },
  counts: { kind: "details", doc: "What an import came to: numbers of lines, by what became of them." },
  created: { kind: "flag", doc: "Whether the file was made just now, rather than found." },
  directory: { kind: "text", doc: "A directory of this machine." },
  dropped: { kind: "number", doc: "What was thrown away since the last such line." },
  ended: { kind: "number", doc: "Sessions that were ended." },
  error: { kind: "error", doc: "What went wrong." },
  file: { kind: "text", doc: "A file of this machine." },
  for_ms: {
    kind: "number",
    doc: "How long a changed level stays, in milliseconds; without it until the process ends.",
  },
  from: { kind: "jid", doc: "The sender." },
  host: { kind: "text", doc: "A host, or the address that a port is open on." },
  hosts: { kind: "list", doc: "Hosts of Riak." },
  import: { kind: "text", doc: "What is imported: users or rosters." },
  instance: { kind: "text", doc: "The process, among those that divide partitions." },
  items: { kind: "number", doc: "How many things to deliver it is about." },
  jid: { kind: "jid", doc: "The user, or the session, that it is about." },
  kind: { kind: "text", doc: "The kind of a stanza, or of what a stanza became." },
  limitMs: { kind: "number", doc: "The time that was allowed, in milliseconds." },
  line: { kind: "number", doc: "A line of an import, from 1." },
  method: { kind: "text", doc: "The method of an HTTP request." },
  ms: { kind: "number", doc: "How long it took, in milliseconds." },
  new_level: { kind: "text", doc: "The least important lines that are logged from now on." },
  node: { kind: "text", doc: "A connection node." },
  nodes: { kind: "number", doc: "How many connection nodes it is about." },
  owner: { kind: "jid", doc: "The account that a roster belongs to." },
  partition: { kind: "number", doc: "A partition of the accounts." },
  partitions: { kind: "number", doc: "How many partitions it is about." },
  path: { kind: "text", doc: "A file of this machine." },
  peer: { kind: "text", doc: "The process at the other end." },
  port: { kind: "number", doc: "A TCP port." },
  prober: { kind: "jid", doc: "Who asks for presence." },
  process: { kind: "text", doc: "The process that logs." },
  properties: { kind: "details", doc: "Properties of a bucket that were set." },
  reason: { kind: "text", doc: "Why, in a word or a short sentence of ours." },
  refused: { kind: "number", doc: "Requests without the token since the start." },
  route: { kind: "text", doc: "The route of an HTTP request, with names in place of values." },
  server: { kind: "text", doc: "The NATS server." },
  service: { kind: "text", doc: "The service within the process." },
  services: { kind: "list", doc: "The services of the process." },
  session: { kind: "number", doc: "The number of a session within its node." },
  sessions: { kind: "number", doc: "How many sessions it is about." },
  siblings: { kind: "number", doc: "Siblings of a Riak object." },
  signal: { kind: "text", doc: "The signal that the process got." },
  span_id: { kind: "text", doc: "The span during which it was logged: 16 hexadecimal digits." },
  tls: { kind: "flag", doc: "Whether connections start with TLS." },
  to: { kind: "jid", doc: "The receiver." },
  trace_id: { kind: "text", doc: "The trace that it belongs to: 32 hexadecimal digits." },
  user: { kind: "jid", doc: "The account of somebody who uses an interface." },
  writes: { kind: "number", doc: "Writes to the store that failed together." },
} as const satisfies Readonly<Record<string, FieldSpec>>;

export type LogFieldName = keyof typeof logFields;

/** Fields of a line or of a bound logger. What is `undefined` is left out. */
export type BoundFields = {
  readonly [Name in LogFieldName]?: KindValues[(typeof logFields)[Name]["kind"]] | undefined;
};

/** A log line: one of the events of `names.ts`, and fields. */
export type LogFields = BoundFields & { readonly event: EventName };

/** The names of the fields of one kind. */
export function fieldsOfKind(kind: FieldKind): ReadonlySet<string> {
  const all = Object.entries<FieldSpec>(logFields);
  return new Set(all.filter(([, spec]) => spec.kind === kind).map(([name]) => name));
}
