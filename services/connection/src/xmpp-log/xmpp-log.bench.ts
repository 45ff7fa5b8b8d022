/**
 * CPU of one record of the XMPP log, from the stanza to the file, and of the check where the log is off.
 * `node dist/xmpp-log/xmpp-log.bench.js [records]`; connection.bench.js `--xmpp-log` has the cost within the service.
 */
import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { systemClock } from "@rollcall/runtime";
import { silentLogger } from "@rollcall/telemetry";
import { makeStanza, serializeStanza } from "@rollcall/xmpp";
import { defaultSettings } from "../testing/start-connection.ts";
import { createXmppLog, type XmppLog } from "./xmpp-log.ts";

const records = Number(process.argv[2] ?? 500_000);
const BATCH = 200;

const folder = mkdtempSync(join(tmpdir(), "rollcall-bench-"));
const socket = { remoteAddress: "::ffff:192.0.2.7", remotePort: 50_000 } as Socket;
const juliet = "juliet@example.org/balcony";
const from = "romeo@example.org/orchard";
const message = makeStanza("message", {
  from,
  to: juliet,
  type: "chat",
  id: "abc",
  payload: `<body>${"x".repeat(300)}</body>`,
  childName: "body",
});
const messageText = serializeStanza(message);
const presenceText = serializeStanza(
  makeStanza("presence", { from, to: juliet, payload: "<show>away</show><status>at the tomb</status>" }),
);

function write(what: string, us: number): void {
  process.stdout.write(`${what}: ${us.toFixed(3)} us\n`);
}

/** CPU time of this process, with its threads, in microseconds. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function measure(
  what: string,
  record: (log: XmppLog | undefined) => void,
  formats: { reception?: string; delivery?: string } | undefined,
): Promise<void> {
  const log =
    formats &&
    createXmppLog({
      settings: {
        ...defaultSettings(),
        "xmpp_log.enabled": true,
        "xmpp_log.file": join(folder, "xmpp.log"),
        "xmpp_log.reception_format": formats.reception ?? "%t+R+%st+%at+%af+%ai+%ay+%H",
        "xmpp_log.delivery_format": formats.delivery ?? "%t+D+%st+%at+%af+%ai+%ay+%H",
      },
      clock: systemClock,
      logger: silentLogger,
    });
  await log?.start();
  const run = async (count: number) => {
    for (let i = 0; i < count; i += BATCH) {
      for (let n = 0; n < BATCH; n++) record(log);
      await turn();
    }
  };
  await run(records / 5);
  const before = cpu();
  await run(records);
  await log?.stop();
  write(what, (cpu() - before) / records);
  if (log !== undefined && log.counters.dropped > 0)
    process.stdout.write(`  ${log.counters.dropped} were dropped\n`);
}

const received = (log: XmppLog | undefined) => log?.received(from, message, socket);
const sentMessage = (log: XmppLog | undefined) => log?.sent(juliet, messageText, socket);
const sentPresence = (log: XmppLog | undefined) => log?.sent(juliet, presenceText, socket);
const hidden = { reception: "%t+R+%so", delivery: "%t+D+%so" };

await measure("off", received, undefined);
await measure("message received, default format", received, {});
await measure("message sent, default format", sentMessage, {});
await measure("presence sent, default format", sentPresence, {});
await measure("message received, %so", received, hidden);
await measure("message sent, %so", sentMessage, hidden);
rmSync(folder, { recursive: true });
