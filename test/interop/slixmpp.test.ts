/** slixmpp from Debian, over STARTTLS, trusting the self-made certificate and no other. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually, type ServerProcess } from "@rollcall/testkit";
import { agree, interopServer, juliet, password } from "./cast.ts";

const python = "/usr/bin/python3";
const script = fileURLToPath(new URL("../../interop/slixmpp_romeo.py", import.meta.url));
const installed = spawnSync(python, ["-c", "import slixmpp"]).status === 0;

class Romeo {
  readonly #child: ChildProcess;
  #lines: string[] = [];
  #errors = "";

  constructor(server: ServerProcess) {
    this.#child = spawn(
      python,
      [script, String(server.c2s.port), password, join(server.dataDir, "self-signed.crt")],
      {
        stdio: ["pipe", "pipe", "pipe"],
      },
    );
    let rest = "";
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.#lines.push(...lines);
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-2_000);
    });
  }

  tell(command: string): void {
    this.#child.stdin?.write(`${command}\n`);
  }

  /** Takes the first line that begins so. */
  async says(beginning: string): Promise<string> {
    let at = -1;
    await eventually(`slixmpp says ${beginning}`, () => {
      at = this.#lines.findIndex((line) => line.startsWith(beginning));
      return at >= 0;
    }).catch((error: Error) => {
      throw new Error(`${error.message}; it said ${this.#lines.join(" | ")} ${this.#errors}`);
    });
    return this.#lines.splice(at, 1)[0] ?? "";
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, "exit");
    this.tell("quit");
    await exited;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

test("slixmpp logs in, subscribes, is approved, sees presence, chats, and comes back after a restart", {
  skip: installed || process.env.CI !== undefined ? false : "python3-slixmpp is not installed",
}, async () => {
  const server = await interopServer();
  let her = await juliet(server);
  let him = new Romeo(server);
  try {
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
    await him.end();
    await her.receive("presence", { from: "romeo@localhost/orchard", type: "unavailable" });

    assert.equal(await server.end("SIGTERM"), 0);
    await server.start();
    her = await juliet(server);
    him = new Romeo(server);
    assert.equal(await him.says("roster"), "roster juliet@localhost=both");
    await him.says(`available ${her.full}`);
    await him.end();
    await her.close();
  } finally {
    him.kill();
  }
});
