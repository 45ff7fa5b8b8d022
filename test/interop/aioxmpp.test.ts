/** aioxmpp from Debian, over STARTTLS, trusting the self-made certificate; it comes back by itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { interopServer, juliet } from "./cast.ts";
import { meetAndTalk, needsLibrary, PythonRomeo } from "./python-romeo.ts";

test(
  "aioxmpp logs in, subscribes, is approved, sees presence, chats, and comes back after a restart",
  needsLibrary("aioxmpp"),
  async () => {
    const server = await interopServer();
    let her = await juliet(server);
    const him = new PythonRomeo("aioxmpp_romeo.py", server);
    try {
      await meetAndTalk(him, her);

      await her.close();
      assert.equal(await server.end("SIGTERM"), 0);
      await server.start();
      her = await juliet(server);
      assert.equal(await him.says("roster"), "roster juliet@localhost=both");
      await him.says(`available ${her.full}`);
      await her.receive("presence", { from: "romeo@localhost/orchard", type: undefined });
      await him.end();
      await her.receive("presence", { from: "romeo@localhost/orchard", type: "unavailable" });
      await her.close();
    } finally {
      him.kill();
    }
  },
);
