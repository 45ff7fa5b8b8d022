import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { freePorts } from "./free-ports.ts";

/** A real nats-server of a test, on a free port of loopback, with JetStream in a temporary folder. */
export interface TestNatsServer {
  readonly port: number;
  readonly pid: number;
  readonly folder: string;
  connect(name?: string): Promise<NatsConnection>;
  /** Ends the process; what it stored stays. */
  halt(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it anew on the same port and store. */
  resume(): Promise<void>;
  stop(): Promise<void>;
}

const binary = process.env.NATS_SERVER ?? "nats-server";

/** Why tests with a server are left out; `false` when there is one. In CI there has to be one. */
export function natsServerMissing(): string | false {
  const found = spawnSync(binary, ["--version"], { encoding: "utf8" });
  if (found.status === 0) return false;
  if (process.env.CI !== undefined) {
    throw new Error(`these tests need nats-server, and ${binary} does not run: apt-get install nats-server`);
  }
  return `${binary} does not run here (apt-get install nats-server, or NATS_SERVER=path)`;
}

/** @param config further lines of the server's configuration. */
export async function startNatsServer(config = ""): Promise<TestNatsServer> {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-nats-"));
  const [port = 0] = await freePorts(1);
  const file = join(folder, "nats.conf");
  writeFileSync(
    file,
    `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${join(folder, "store")}" }\nwrite_deadline: "2s"\n${config}\n`,
  );
  let child = await run(file);
  const halt = async (signal: NodeJS.Signals = "SIGTERM"): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await ended;
  };
  return {
    port,
    get pid() {
      return child.pid ?? 0;
    },
    folder,
    connect: (name = "test") =>
      connect({
        name,
        servers: [`127.0.0.1:${port}`],
        maxReconnectAttempts: -1,
        reconnectTimeWait: 20,
        reconnectJitter: 10,
        waitOnFirstConnect: true,
        noAsyncTraces: true,
      }),
    halt,
    resume: async () => {
      child = await run(file);
    },
    stop: async () => {
      await halt("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function run(file: string): Promise<ChildProcess> {
  const child = spawn(binary, ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
  const stderr = child.stderr;
  await new Promise<void>((resolve, reject) => {
    let text = "";
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`nats-server ended with ${code}: ${text}`)));
    stderr.setEncoding("utf8");
    stderr.on("data", (chunk: string) => {
      text = (text + chunk).slice(-4_096);
      if (text.includes("Server is ready")) resolve();
    });
  });
  child.removeAllListeners("exit");
  // A test that is broken off leaves no server behind.
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  process.once("exit", kill);
  child.once("exit", () => process.removeListener("exit", kill));
  return child;
}
