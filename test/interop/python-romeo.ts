/** Romeo at a Python library: a script beside this file, told what to do by lines, telling what he sees by lines. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually, type ServerProcess, type XmppClient } from "@rollcall/testkit";
import { agree, interopServer, juliet, password } from "./cast.ts";

/** The Python whose libraries Debian installs; another one may come first on the PATH. */
const python = "/usr/bin/python3";

/** Options for a test that uses a library: without it the test is skipped and says so, but never in CI. */
export function needsLibrary(library: string): { skip: string | false } {
  const missing = spawnSync(python, ["-c", `import ${library}`]).status !== 0;
  return { skip: missing && process.env.CI === undefined ? `python3-${library} is not installed` : false };
}

export class PythonRomeo {
  readonly #script: string;
  readonly #child: ChildProcess;
  #lines: string[] = [];
  #errors = "";

  /** Starts a script of this folder with the port, the password and the certificate to trust. */
  constructor(script: string, server: ServerProcess) {
    this.#script = script;
    const path = fileURLToPath(new URL(`../../interop/${script}`, import.meta.url));
    const certificates = join(server.dataDir, "self-signed.crt");
    this.#child = spawn(python, [path, String(server.c2s.port), password, certificates], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    let rest = "";
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.#lines.push(...lines);
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-2_000);
    });
    // A script that has ended cannot be told anything; the next wait for its words says so.
    this.#child.stdin?.on("error", () => {});
  }

  tell(command: string): void {
    this.#child.stdin?.write(`${command}\n`);
  }

  /** Takes the first line that begins so. @throws when it does not come, or the script ends before. */
  async says(beginning: string): Promise<string> {
    let at = -1;
    await eventually(`${this.#script} says ${beginning}`, () => {
      at = this.#lines.findIndex((line) => line.startsWith(beginning));
      if (at < 0 && this.#child.exitCode !== null) {
        throw new Error(`${this.#script} ended before it said ${beginning}`);
      }
      return at >= 0;
    }).catch((error: Error) => {
      throw new Error(`${error.message}; it said ${this.#lines.join(" | ")} ${this.#errors}`);
    });
    return this.#lines.splice(at, 1)[0] ?? "";
  }

  /** Logs out in good order. */
  async end(): Promise<void> {
    this.tell("quit");
    if (this.#child.exitCode === null) await once(this.#child, "exit");
    assert.equal(this.#child.exitCode, 0, this.#errors);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

/** Romeo, whose roster is empty, and Juliet subscribe to each other and talk. */
export async function meetAndTalk(him: PythonRomeo, her: XmppClient): Promise<void> {
  assert.equal((await him.says("roster")).trim(), "roster");
  const agreed = agree(her);
  him.tell("subscribe juliet@localhost");
  await him.says("subscribed juliet@localhost");
  await him.says(`available ${her.full}`);
  await him.says("subscribe juliet@localhost");
  await agreed;
  him.tell(`message ${her.full} It is the east <&>`);
  assert.equal((await her.receive("message", { type: "chat" })).childText("body"), "It is the east <&>");
  her.send("<message to='romeo@localhost/orchard' type='chat'><body>O Romeo ☕</body></message>");
  assert.equal(await him.says("message"), "message O Romeo ☕");
}

/** They meet and talk; Romeo logs out; after a restart of the server he logs in again and finds what he had. */
export async function pythonStory(library: string): Promise<void> {
  const script = `${library}_romeo.py`;
  const server = await interopServer();
  let her = await juliet(server);
  let him = new PythonRomeo(script, server);
  try {
    await meetAndTalk(him, her);
    await him.end();
    await her.receive("presence", { from: "romeo@localhost/orchard", type: "unavailable" });

    await her.close();
    assert.equal(await server.end("SIGTERM"), 0);
    await server.start();
    her = await juliet(server);
    him = new PythonRomeo(script, server);
    assert.equal(await him.says("roster"), "roster juliet@localhost=both");
    await him.says(`available ${her.full}`);
    await her.receive("presence", { from: "romeo@localhost/orchard", type: undefined });
    await her.close();
    await him.says(`unavailable ${her.full}`);
    await him.end();
  } finally {
    him.kill();
  }
}
