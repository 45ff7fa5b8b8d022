/** Every name of a trace: dashboards, queries and people know them. `docs/traces.md` is made of this. */

interface NamedSpan {
  /** `<…>` stands for a name of its own: a channel, a bucket, a kind of stanza. */
  readonly name: string;
  readonly doc: string;
}

export const spanCatalogue: readonly NamedSpan[] = [
  {
    name: "receive <kind>",
    doc: "At the connection node, from the moment a client's stanza was read until its owner has done with it, or it was answered or refused here. The first span of its trace.",
  },
  {
    name: "log in",
    doc: "At the connection node, from the accepted connection to the bound resource, or to the failure.",
  },
  { name: "negotiate tls", doc: "The TLS handshake of a login." },
  { name: "authenticate", doc: "SASL, from the first element of the client to the outcome." },
  { name: "bind resource", doc: "From the request of the client to the answer of the owner." },
  {
    name: "send <channel>",
    doc: "A message of the bus, from the publisher until the owner, or the node, has acknowledged it. Sent again, it has another span of this name with a link to the one before.",
  },
  {
    name: "process <channel>",
    doc: "The handling of a message where it arrived, its wait in the queue included. Linked to the span that sent it.",
  },
  { name: "ask <channel>", doc: "A question to an owner or a node, until its answer came." },
  { name: "answer <channel>", doc: "The handling of a question." },
  { name: "decide", doc: "The pure decision about a roster, between reading and writing it." },
  { name: "GET <bucket>", doc: "A read from Riak, retries included." },
  { name: "PUT <bucket>", doc: "A write to Riak, retries included." },
  { name: "DELETE <bucket>", doc: "A removal in Riak, retries included." },
  {
    name: "write",
    doc: "At the connection node: the stanza is appended to the output of its sessions, which goes to their sockets at the end of the turn.",
  },
  { name: "end sessions of node", doc: "A presence owner ends the sessions of a node that is dead." },
  {
    name: "hand over partitions",
    doc: "An owner that leaves gives its partitions away, and finishes what it has.",
  },
  {
    name: "take over partitions",
    doc: "A presence owner gets to know the sessions of partitions that it won.",
  },
];

interface NamedAttribute {
  readonly doc: string;
  /** Shown as a stand-in where `trace.jids` is `hashed`. */
  readonly jid?: true;
}

export const attributeCatalogue = {
  "xmpp.account": { doc: "Bare JID of the account whose client or roster it is about.", jid: true },
  "xmpp.session": { doc: "Full JID of the session.", jid: true },
  "xmpp.to": { doc: "Where the stanza goes, as it was sent.", jid: true },
  "xmpp.node": { doc: "Id of the connection node." },
  "xmpp.partition": { doc: "Partition of the account, 0 to 255." },
  "xmpp.stanza.kind": { doc: "`message`, `presence` or `iq`." },
  "xmpp.stanza.type": { doc: "Its `type`, or `other` for one that no RFC knows; absent where it has none." },
  "xmpp.stanza.child": {
    doc: "Namespace of the first child of an iq, if it is one that this server knows; `other` if not.",
  },
  "xmpp.recipients": { doc: "How many accounts or sessions it goes to from here." },
  "xmpp.sasl.mechanism": { doc: "As the client chose it, if it is one that is offered." },
  "xmpp.login.outcome": { doc: "`ok`, or how far it came." },
  "xmpp.effects": { doc: "How many effects of a roster write are told to the presence owner." },
  "xmpp.sessions": { doc: "How many sessions it is about." },
  "xmpp.partitions": { doc: "How many partitions it is about." },
  "xmpp.roster.written": { doc: "Whether the decision was a change that has to be written." },
  "messaging.system": { doc: "`nats`, or `rollcall` for the bus inside one process." },
  "messaging.operation.type": { doc: "`send` or `process`." },
  "messaging.operation.name": { doc: "`publish`, `resend`, `request`, `process` or `answer`." },
  "messaging.destination.name": { doc: "The channel (packages/contracts/src/channels.ts)." },
  "messaging.destination.partition.id": { doc: "The partition of the key; absent for several." },
  "messaging.batch.message_count": { doc: "How many accounts or sessions the message is for." },
  "messaging.message.id": { doc: "The same whenever the message is sent again." },
  "db.system.name": { doc: "`riak`." },
  "db.operation.name": { doc: "`GET`, `PUT` or `DELETE`." },
  "db.namespace": { doc: "The bucket." },
  "db.response.status": { doc: "`found`, `missing`, `unchanged`, `siblings` or `stored`." },
  "error.type": { doc: "A stanza error condition, or the code of an error of ours." },
} as const satisfies Readonly<Record<string, NamedAttribute>>;

export type AttributeName = keyof typeof attributeCatalogue;

/** Whether a name, as a span has it, is one of the catalogue. */
export function isKnownSpanName(name: string): boolean {
  return spanCatalogue.some((known) => {
    const open = known.name.indexOf("<");
    return open === -1
      ? known.name === name
      : name.length > open && name.startsWith(known.name.slice(0, open));
  });
}

/** Whether the value is a JID. */
export function isJidAttribute(name: AttributeName): boolean {
  return "jid" in attributeCatalogue[name];
}
