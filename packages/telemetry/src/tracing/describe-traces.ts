import { attributeCatalogue, spanCatalogue } from "./catalogue.ts";

/** The catalogue as a page of the documentation. */
export function describeTraces(): string {
  const spans = spanCatalogue.map(({ name, doc }) => `| \`${name}\` | ${doc} |`);
  const attributes = Object.entries(attributeCatalogue).map(
    ([name, { doc, ...more }]) => `| \`${name}\` | ${"jid" in more ? "yes" : ""} | ${doc} |`,
  );
  return `# Traces

<!-- Written by \`npm run traces\` from packages/telemetry/src/tracing/catalogue.ts. -->

Where \`otlp.endpoint\` is set, every process sends spans to an OpenTelemetry collector (OTLP over HTTP, protobuf), gathered for
two seconds and in the background: nothing waits for it, and what does not fit into the queue is dropped. A trace begins with a
client's stanza or login, goes through every process that has to do with it, and ends with what was written to sockets.
How it is carried along: docs/adr/0013-a-span-holds-until-the-first-await.md.

What is traced

- \`trace.percent\` of all stanzas and logins (1 by default). Who begins a trace decides; everybody after it follows.
- Everything of one account or session: \`rollcall trace JID --for 5m\`. A stanza to that account counts as well.
- Stanzas and logins that failed, or took longer than \`trace.slow_ms\`, sampled or not: one span each, of the node where they
  came in, since nobody knew before. At most 50 a second for each process.
- Deaths of nodes, and take-overs of partitions: always.

A span never has a body, a status, a name of a roster item or a secret. JIDs are stand-ins unless \`trace.jids\` is \`plain\`; with
\`log.jids_key\` set they are the same in every process, and the same as in the log. The domain stays readable.

## Spans

| name | what it is |
|---|---|
${spans.join("\n")}

## Attributes

Those of messages and of the database have the names of OpenTelemetry's semantic conventions. Resource attributes are
\`service.name\` (\`rollcall-connection\`, \`rollcall-roster\`, \`rollcall-presence\`; \`rollcall\` in one process),
\`service.instance.id\` (the name of the process on the bus, new at every start) and \`service.version\`.

| name | JID | what it is |
|---|---|---|
${attributes.join("\n")}
`;
}
