/** The server as a process of its own that a test can kill and start again on the same data and ports. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePorts } from "@rollcall/nats/testing";
import { eventually } from "./eventually.ts";
import type { Endpoint } from "./wire.ts";
import { XmppClient } from "./xmpp-client.ts";

const main = fileURLToPath(new URL("../../../services/all-in-one/dist/main.js", import.meta.url));

export class ServerProcess {
  readonly folder: string;
  readonly c2s: Endpoint;
  readonly c2sTls: Endpoint;
  readonly riak: string;
  readonly http: string;
  /** Settings of this server as environment variables; the command line tool reads the same. */
  readonly env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #output = "";

  private constructor(ports: readonly number[], settings: Readonly<Record<string, string>>) {
    const [c2s = 0, c2sTls = 0, riak = 0, http = 0] = ports;
    this.folder = mkdtempSync(join(tmpdir(), "rollcall-process-"));
    this.c2s = { host: "127.0.0.1", port: c2s };
    this.c2sTls = { host: "127.0.0.1", port: c2sTls };
    this.riak = `http://127.0.0.1:${riak}`;
    this.http = `http://127.0.0.1:${http}`;
    this.env = {
      PATH: process.env.PATH,
      HOME: this.folder,
      ROLLCALL_LISTEN_C2S: `127.0.0.1:${c2s}`,
      ROLLCALL_LISTEN_C2S_TLS: `127.0.0.1:${c2sTls}`,
      ROLLCALL_LISTEN_RIAK: `127.0.0.1:${riak}`,
      ROLLCALL_LISTEN_HTTP: `127.0.0.1:${http}`,
      ...settings,
    };
  }

  /** A server with its data in a temporary folder, not started yet. */
  static async create(settings: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    return new ServerProcess(await freePorts(4), settings);
  }

  /** What it has printed since the last start. */
  get output(): string {
    return this.#output;
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get dataDir(): string {
    return join(this.folder, "data");
  }

  /** Resolves when the server says that it is ready. @throws when it ends instead. */
  async start(): Promise<void> {
    const child = this.spawn();
    await eventually("the server is ready", async () => {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`the server ended with ${child.exitCode ?? child.signalCode}: ${this.#output}`);
      }
      return fetch(`${this.http}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      );
    });
  }

  /** Starts the process and waits for nothing. */
  spawn(...args: readonly string[]): ChildProcess {
    const child = spawn(process.execPath, [main, ...args], {
      cwd: this.folder,
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.#output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
      });
    }
    return child;
  }

  /** Sends a signal and waits for the end. @returns the exit code; null after a kill. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, "exit");
      child.kill(signal);
      await exited;
    }
    this.#child = undefined;
    return child.exitCode;
  }

  /** Ends it for good and deletes its data. */
  async remove(): Promise<void> {
    await this.end("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** An account of `localhost` logs in, in clear. */
  login(username: string, password: string, resource = "here"): Promise<XmppClient> {
    const endpoint = this.c2s;
    return XmppClient.login({ endpoint, tls: "none", domain: "localhost", username, password, resource });
  }

  async addUser(jid: string, password: string): Promise<void> {
    const answer = await fetch(`${this.http}/admin/v1/users`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${readFileSync(join(this.dataDir, "admin-token"), "utf8").trim()}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ jid, password }),
    });
    if (!answer.ok) throw new Error(`adding ${jid}: ${answer.status} ${await answer.text()}`);
  }
}
