import { dashboard, datasource, logs, row, text, textbox, traces, variable } from "./grafana.mjs";

/**
 * JIDs are no labels of metrics: there are too many of them, and they are personal data. So this is made of traces and of the
 * log, where they are attributes and fields.
 */
const account = variable("account", "raw");
const ofAccount = `span.xmpp.account = "${account}"`;
const ofSession = `span.xmpp.session =~ "${account}.*"`;
const lines = `{${variable("logs", "raw")}} |= "\\"name\\":\\"rollcall" |= "${account}"`;

export const oneUser = dashboard({
  uid: "rollcall-one-user",
  title: "Rollcall / One user",
  description: "What happened to one account: its traces and its lines in the log.",
  variables: [
    datasource("tempo", "Tempo"),
    datasource("loki", "Loki"),
    textbox(
      "account",
      "Account",
      "juliet@example.org",
      "Bare JID. Where trace.jids or log.jids is hashed: its stand-in, as lines and spans have it.",
    ),
    textbox("logs", "Log streams", 'namespace=~".+"', "Which streams Loki looks through, as labels."),
  ],
  from: "now-1h",
  rows: [
    row("What to know", [
      text(
        [
          "Of the stanzas one in a hundred is traced (`trace.ratio`), and what fails or is slow. For all of one account: `rollcall trace JID --for 5m`.",
          "",
          "Who is online and why somebody is not shown: `rollcall who JID`, `rollcall why CONTACT VIEWER`.",
        ].join("\n"),
      ),
    ]),
    row("Traces", [
      traces(
        "What the client sent",
        "Stanzas of the account, as its connection node got them.",
        `{ name =~ "receive .*" && (${ofAccount} || ${ofSession}) }`,
      ),
      traces(
        "Logins",
        "Attempts, whatever came of them.",
        `{ name = "log in" && (${ofAccount} || ${ofSession}) }`,
        12,
      ),
      traces(
        "What failed",
        "Anything about the account with an error.",
        `{ status = error && (${ofAccount} || ${ofSession} || span.xmpp.to =~ "${account}.*") }`,
        12,
      ),
      traces(
        "What was for the account",
        "Stanzas of others to it, and what owners do for it.",
        `{ span.xmpp.to =~ "${account}.*" || (name =~ "process .*" && ${ofAccount}) }`,
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
