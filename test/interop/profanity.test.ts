/** profanity from Debian, a client for people, driven through tmux: what it shows on its screen is what counts. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { eventually, hasTool, type ServerProcess } from "@rollcall/testkit";
import { agree, interopServer, juliet, password } from "./cast.ts";

const missing = ["tmux", "profanity"].filter((tool) => !hasTool(tool));

class Terminal {
  readonly #socket: string;
  readonly home = mkdtempSync(join(tmpdir(), "rollcall-profanity-"));

  constructor() {
    this.#socket = join(this.home, "tmux");
    this.#tmux("new-session", "-d", "-x", "160", "-y", "50", "profanity");
  }

  #tmux(...command: readonly string[]): string {
    return execFileSync("tmux", ["-S", this.#socket, "-f", "/dev/null", ...command], {
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: this.home, TERM: "screen", LANG: "C.UTF-8" },
    });
  }

  screen(): string {
    return this.#tmux("capture-pane", "-p");
  }

  type(line: string): void {
    this.#tmux("send-keys", "-l", line);
    this.#tmux("send-keys", "Enter");
  }

  async shows(what: RegExp): Promise<void> {
    await eventually(`profanity shows ${what}`, () => what.test(this.screen())).catch((error: Error) => {
      throw new Error(`${error.message}:\n${this.screen()}`);
    });
  }

  async connect(server: ServerProcess): Promise<void> {
    this.type(`/connect romeo@localhost server 127.0.0.1 port ${server.c2s.port} tls trust`);
    await this.shows(/Enter password/i);
    this.type(password);
    await this.shows(/logged in successfully/i);
  }

  close(): void {
    try {
      this.#tmux("kill-server");
    } catch {
      // It has ended by itself.
    }
    rmSync(this.home, { recursive: true, force: true });
  }
}

test("profanity logs in, subscribes, is approved, sees presence, chats, and comes back after a restart", {
  skip: missing.length === 0 || process.env.CI !== undefined ? false : `not installed: ${missing.join(", ")}`,
}, async () => {
  const server = await interopServer();
  let her = await juliet(server);
  const terminal = new Terminal();
  try {
    await terminal.shows(/Profanity/);
    terminal.type("/reconnect 1");
    await terminal.connect(server);
    const agreed = agree(her);
    terminal.type("/sub request juliet@localhost");
    await terminal.shows(/juliet@localhost.*(authorized|is online|subscription)/i);
    await terminal.shows(/Received authorization request from juliet@localhost/i);
    terminal.type("/sub allow juliet@localhost");
    await agreed;
    terminal.type("/msg juliet@localhost It is the east");
    const message = await her.receive("message", {}, (stanza) => stanza.childText("body") !== undefined);
    assert.equal(message.childText("body"), "It is the east");
    her.send(`<message to='${message.from}' type='chat' id='m1'><body>O Romeo</body></message>`);
    await terminal.shows(/O Romeo/);

    await her.close();
    assert.equal(await server.end("SIGTERM"), 0);
    await server.start();
    her = await juliet(server);
    terminal.type("/win 1");
    // It comes back by itself, and each sees the other again: both rosters are there.
    await terminal.shows(/Connection re-established[\s\S]*juliet@localhost \(balcony\) is online/);
    await her.receive(
      "presence",
      { type: undefined },
      (presence) => presence.from?.startsWith("romeo@localhost/") === true,
    );
    terminal.type("/quit");
    await her.receive("presence", { type: "unavailable" });
    await her.close();
  } finally {
    terminal.close();
  }
});
