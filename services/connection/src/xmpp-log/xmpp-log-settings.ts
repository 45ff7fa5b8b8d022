import { type SettingValues, setting } from "@rollcall/runtime";

/** Settings of the XMPP log (docs/xmpp-log.md). */
export const xmppLogSettings = {
  "xmpp_log.enabled": setting.boolean({
    default: false,
    doc: "Writes a record for every stanza from and to clients that have logged in.",
  }),
  "xmpp_log.file": setting.optionalString({
    doc: "File that records are appended to; without one they go to standard output, among the lines of the log.",
  }),
  "xmpp_log.mode": setting.string({
    default: "0640",
    doc: "Permissions of a file that is made, in octal digits; the umask of the process takes from them.",
  }),
  "xmpp_log.reception": setting.boolean({
    default: true,
    doc: "Whether stanzas that clients send have records.",
  }),
  "xmpp_log.delivery": setting.boolean({
    default: true,
    doc: "Whether stanzas that are written to clients have records.",
  }),
  "xmpp_log.heartbeat_seconds": setting.integer({
    default: 60,
    min: 0,
    max: 86_400,
    unit: "s",
    doc: "Time between records that only show that the log is alive; 0 writes none.",
  }),
  "xmpp_log.reception_format": setting.string({
    default: "%t+R+%st+%at+%af+%ai+%ay+%H",
    doc: "Format of the records of stanzas that clients send; docs/xmpp-log.md lists the macros.",
  }),
  "xmpp_log.delivery_format": setting.string({
    default: "%t+D+%st+%at+%af+%ai+%ay+%H",
    doc: "Format of the records of stanzas that are written to clients.",
  }),
  "xmpp_log.heartbeat_format": setting.string({
    default: "%t+M",
    doc: "Format of the records that only show that the log is alive; %t is the only macro.",
  }),
  "xmpp_log.raw": setting.boolean({
    default: false,
    doc: "Allows the macro %sr, which logs what people say to each other. Without it a format that has it is refused.",
  }),
  "xmpp_log.buffer_bytes": setting.integer({
    default: 8_388_608,
    min: 1_048_576,
    max: 1_073_741_824,
    unit: "bytes",
    doc: "Records that may wait for a slow or full disk; what comes after them is dropped and counted.",
  }),
} as const;

export type XmppLogSettings = SettingValues<typeof xmppLogSettings>;
