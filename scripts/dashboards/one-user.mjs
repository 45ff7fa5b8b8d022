import { dashboard, datasource, logs, row, text, textbox, traces, variable } from "./grafana.mjs";

/**
 * JIDs are no labels of metrics: there are too many of them, and they are personal data. So this is made of traces and of the
 * log, where they are attributes and fields.
 */
const inTraces = variable("in_traces", "raw");
const ofAccount = `(span.xmpp.account = "${inTraces}" || span.xmpp.session =~ "${inTraces}/.*")`;
const toAccount = `span.xmpp.to =~ "${inTraces}(/.*)?"`;
const lines = `{${variable("logs", "raw")}} |= "\\"name\\":\\"rollcall" |= "${variable("in_log", "raw")}"`;

const howTo = `**What did Romeo do?** His traces are below. **Why does Juliet not see him online?** \`rollcall why ROMEO JULIET\` first, then the traces of *his*
changes: each shows whom it was told to. \`rollcall who JID\` shows what the server knows of an account now.

One stanza in a hundred is traced (\`trace.percent\`), and what fails or takes longer than \`trace.slow_ms\` is kept as a span. Everything of one
account: \`rollcall trace JID --for 5m\`.

Spans (\`trace.jids\`, by default) and lines (\`log.jids\`) may have stand-ins for JIDs. That of \`romeo@example.org\` is \`#\`, then the first 12
digits of \`printf %s romeo@example.org | openssl dgst -sha256 -hmac KEY\`, then \`@example.org\`; KEY is \`log.jids_key\`.`;

export const oneUser = dashboard({
  uid: "rollcall-one-user",
  title: "Rollcall / One user",
  description: "What happened to one account: its traces and its lines in the log.",
  variables: [
    datasource("tempo", "Tempo"),
    datasource("loki", "Loki"),
    textbox("in_traces", "Account in traces", "romeo@example.org", "Bare JID, or its stand-in."),
    textbox("in_log", "Account in the log", "romeo@example.org", "Bare JID, or its stand-in."),
    textbox("logs", "Log streams", 'namespace=~".+"', "Which streams Loki looks through, as labels."),
  ],
  from: "now-1h",
  rows: [
    row("What to know", [text(howTo, 5)]),
    row("Traces", [
      traces(
        "What the client sent",
        "Stanzas of the account, as its connection node got them.",
        `{ name =~ "receive .*" && ${ofAccount} }`,
      ),
      traces("Logins", "Attempts, whatever came of them.", `{ name = "log in" && ${ofAccount} }`, 12),
      traces(
        "What failed",
        "Anything about the account with an error.",
        `{ status = error && (${ofAccount} || ${toAccount}) }`,
        12,
      ),
      traces(
        "What was for the account",
        "Messages, requests and subscriptions of others. Their changes of presence go to whom owners find, and are with them.",
        `{ name =~ "receive .*" && ${toAccount} }`,
      ),
    ]),
    row("Log", [
      logs(
        "Lines",
        "Logins and ends of sessions are of level debug: `rollcall log-level` switches them on.",
        `${lines} | json | line_format "{{.level}} {{.event}} {{.name}}"`,
      ),
      logs("Warnings and errors", "Of the account.", `${lines} | json | level =~ "warn|error"`),
    ]),
  ],
});
