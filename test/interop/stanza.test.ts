/** stanza (`stanza` on npm) over direct TLS, trusting the self-made certificate and no other. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { eventually, type ServerProcess } from "@rollcall/testkit";
import { type Agent, createClient } from "stanza";
import { agree, interopServer, juliet, password } from "./cast.ts";
import { tlsTransport } from "./stanza-tls.ts";

class Romeo {
  readonly client: Agent;
  /** What has happened, a line each. */
  readonly seen: string[] = [];

  constructor(server: ServerProcess) {
    const client = createClient({
      jid: "romeo@localhost",
      resource: "orchard",
      password,
      autoReconnect: false,
      transports: { tls: "tls" },
      transportPreferenceOrder: ["tls"],
    });
    client.transports.tls = tlsTransport(
      server.c2sTls.port,
      readFileSync(join(server.dataDir, "self-signed.crt"), "utf8"),
    );
    client.on("session:started", () => this.seen.push("started"));
    client.on("available", ({ from }) => this.seen.push(`available ${from}`));
    client.on("unavailable", ({ from }) => this.seen.push(`unavailable ${from}`));
    client.on("subscribe", ({ from }) => this.seen.push(`subscribe ${from}`));
    client.on("subscribed", ({ from }) => this.seen.push(`subscribed ${from}`));
    client.on("roster:update", ({ roster }) =>
      this.seen.push(...(roster.items ?? []).map((item) => `push ${item.jid} ${item.subscription}`)),
    );
    client.on("message", ({ body }) => this.seen.push(`message ${body}`));
    client.on("disconnected", () => this.seen.push("disconnected"));
    this.client = client;
  }

  /** Takes the line, waiting for it if need be. */
  async sees(line: string): Promise<void> {
    await eventually(`stanza sees ${line}`, () => this.seen.includes(line)).catch((error: Error) => {
      throw new Error(`${error.message}; it saw ${this.seen.join(" | ")}`);
    });
    this.seen.splice(this.seen.indexOf(line), 1);
  }

  async login(): Promise<string[]> {
    this.client.connect();
    await this.sees("started");
    const { items = [] } = await this.client.getRoster();
    this.client.sendPresence();
    return items.map(({ jid, subscription }) => `${jid} ${subscription}`);
  }

  async logout(): Promise<void> {
    this.client.disconnect();
    await this.sees("disconnected");
  }
}

test("stanza logs in, subscribes, is approved, sees presence, chats, and comes back after a restart", async () => {
  const server = await interopServer();
  let her = await juliet(server);
  let him = new Romeo(server);
  assert.deepEqual(await him.login(), []);
  const agreed = agree(her);
  await him.client.subscribe("juliet@localhost");
  await him.sees("subscribed juliet@localhost");
  await him.sees("push juliet@localhost to");
  await him.sees(`available ${her.full}`);
  await him.sees("subscribe juliet@localhost");
  him.client.acceptSubscription("juliet@localhost");
  await him.sees("push juliet@localhost both");
  await agreed;
  him.client.sendMessage({ to: her.full, type: "chat", body: "It is the east <&>" });
  assert.equal((await her.receive("message", { type: "chat" })).childText("body"), "It is the east <&>");
  her.send("<message to='romeo@localhost/orchard' type='chat'><body>O Romeo ☕</body></message>");
  await him.sees("message O Romeo ☕");
  await her.close();
  await him.sees(`unavailable ${her.full}`);

  assert.equal(await server.end("SIGTERM"), 0);
  await him.sees("disconnected");
  await server.start();
  her = await juliet(server);
  him = new Romeo(server);
  assert.deepEqual(await him.login(), ["juliet@localhost both"]);
  await him.sees(`available ${her.full}`);
  await him.logout();
  await her.receive("presence", { from: "romeo@localhost/orchard", type: "unavailable" });
  await her.close();
});
