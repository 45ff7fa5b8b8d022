/**
 * What one login, one idle session and one message cost this service, with owners that do nothing. The clients are
 * another process. `node dist/connection.bench.js [sessions] [messages] [--xmpp-log]`
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createMemoryAccountStore } from "@rollcall/accounts";
import { createMemoryBus, done } from "@rollcall/bus";
import { channels, type NodeDelivery } from "@rollcall/contracts";
import { silentLogger } from "@rollcall/telemetry";
import { serializeStanza } from "@rollcall/xmpp";
import { createConnectionService } from "./service.ts";
import { plainAuth, streamHeader } from "./testing/scripted-client.ts";
import { defaultSettings, testAccount } from "./testing/start-connection.ts";

const sessions = Number(process.argv[2] ?? 1_000);
const messages = Number(process.argv[3] ?? 200_000);
const xmppLog = process.argv[4] === "--xmpp-log";
const NODE = "bench-1";

const write = (line: string) => process.stdout.write(`${line}\n`);

/** CPU time of this process in microseconds. */
function cpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function serve(): Promise<void> {
  const bus = createMemoryBus({ logger: silentLogger });
  const accounts = createMemoryAccountStore();
  await accounts.put(await testAccount("juliet@example.org"));
  const handles = new Map<string, number>();
  bus.answer(channels.bind, {}, (_key, { requested, generated, session }) => {
    const resource = requested ?? generated;
    handles.set(resource, session.session);
    return { kind: "bound", resource } as const;
  });
  bus.consume(channels.presenceCommands, {}, () => done);
  let outbox: NodeDelivery[] = [];
  bus.consume(channels.deliver, {}, (_key, { stanza }) => {
    const session = handles.get(stanza.to!.slice(stanza.to!.indexOf("/") + 1))!;
    if (outbox.length === 0) {
      setImmediate(() => {
        const items = outbox;
        outbox = [];
        void bus.publish(channels.nodeDeliveries, NODE, { items });
      });
    }
    outbox.push({ kind: "write", session, xml: serializeStanza(stanza) });
    return done;
  });
  const dataDir = mkdtempSync(join(tmpdir(), "rollcall-bench-"));
  const service = createConnectionService({
    settings: {
      ...defaultSettings(),
      "data.dir": dataDir,
      "xmpp_log.enabled": xmppLog,
      "xmpp_log.file": join(dataDir, "xmpp.log"),
      "limits.connections_per_address": 1_000_000,
      "limits.attempts_per_address": 1_000_000,
    },
    bus,
    accounts,
    logger: silentLogger,
    nodeId: NODE,
  });
  await service.start();
  const clients = fork(fileURLToPath(import.meta.url), process.argv.slice(2), {
    env: { ...process.env, BENCH_PORT: String(service.addresses().c2s?.port) },
  });
  const step = async () => {
    const before = cpu();
    clients.send("go");
    await once(clients, "message");
    return cpu() - before;
  };
  await once(clients, "message");
  await step();
  const collect = (globalThis as { gc?: () => void }).gc;
  collect?.();
  const rssBefore = process.memoryUsage.rss();
  const heapBefore = process.memoryUsage().heapUsed;
  const login = await step();
  collect?.();
  await pause(1_500);
  collect?.();
  const { rss, heapUsed } = process.memoryUsage();
  write(`login: ${(login / sessions).toFixed(0)} us`);
  write(
    `idle session: ${((rss - rssBefore) / sessions / 1_024).toFixed(1)} KB RSS, ${((heapUsed - heapBefore) / sessions / 1_024).toFixed(1)} KB heap`,
  );
  const one = await step();
  write(`message in and out, one at a time: ${(one / (messages / 20)).toFixed(1)} us`);
  const many = await step();
  write(`message in and out, 20 at a time: ${(many / messages).toFixed(1)} us`);
  clients.kill();
  await service.stop();
  rmSync(dataDir, { recursive: true });
  process.exit(0);
}

async function logIn(port: number, resource: string): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.setEncoding("utf8");
  const until = async (text: string) => {
    for (let seen = ""; !seen.includes(text); ) seen += (await once(socket, "data"))[0];
  };
  socket.write(streamHeader());
  await until("</stream:features>");
  socket.write(plainAuth("juliet", "secret"));
  await until("<success");
  socket.write(streamHeader());
  await until("</stream:features>");
  socket.write(
    `<iq type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>${resource}</resource></bind></iq>`,
  );
  await until("</iq>");
  return socket;
}

/** Every socket sends `batch` messages to the next one, and again when as many have come back. */
function exchange(sockets: readonly Socket[], batch: number, count: number): Promise<void> {
  const body = "x".repeat(100);
  return new Promise((resolve) => {
    let left = count;
    sockets.forEach((socket, i) => {
      const to = `juliet@example.org/r${(i + 1) % sockets.length}`;
      const burst = `<message to='${to}' type='chat' id='abc'><body>${body}</body></message>`.repeat(batch);
      let received = 0;
      socket.removeAllListeners("data");
      socket.on("data", (text: string) => {
        for (let at = text.indexOf("</message>"); at !== -1; at = text.indexOf("</message>", at + 1)) {
          received++;
          left--;
          if (received % batch === 0 && left > 0) socket.write(burst);
        }
        if (left <= 0) resolve();
      });
      socket.write(burst);
    });
  });
}

async function load(port: number): Promise<void> {
  const go = () => once(process, "message");
  const tell = () => process.send!("done");
  tell();
  await go();
  for (let i = 0; i < 200; i++) (await logIn(port, `warm${i}`)).destroy();
  tell();
  await go();
  const sockets: Socket[] = [];
  for (let i = 0; i < sessions; i += 20) {
    const some = Array.from({ length: 20 }, (_, n) => logIn(port, `r${i + n}`));
    sockets.push(...(await Promise.all(some)));
  }
  tell();
  await go();
  await exchange(sockets.slice(0, 20), 1, messages / 20);
  tell();
  await go();
  await exchange(sockets.slice(0, 20), 20, messages);
  tell();
}

const port = process.env.BENCH_PORT;
if (port === undefined) await serve();
else await load(Number(port));
