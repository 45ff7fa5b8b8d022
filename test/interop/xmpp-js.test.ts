/** xmpp.js (`@xmpp/client`) over STARTTLS. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Client, client, type Element, xml } from "@xmpp/client";
import { agree, interopServer, juliet, password } from "./cast.ts";

// Its TLS has no option for trust; this process trusts the self-made certificate of the server under test.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";

interface Romeo {
  readonly client: Client;
  next(what: string, match: (stanza: Element) => boolean): Promise<Element>;
}

async function romeo(port: number): Promise<Romeo> {
  const entity = client({
    service: `xmpp://127.0.0.1:${port}`,
    domain: "localhost",
    username: "romeo",
    password,
    resource: "orchard",
  });
  const inbox: Element[] = [];
  const waiting: { match: (stanza: Element) => boolean; resolve: (stanza: Element) => void }[] = [];
  entity.on("error", () => {});
  entity.on("stanza", (stanza) => {
    const at = waiting.findIndex(({ match }) => match(stanza));
    if (at < 0) inbox.push(stanza);
    else waiting.splice(at, 1)[0]?.resolve(stanza);
  });
  entity.reconnect.stop();
  await entity.start();
  return {
    client: entity,
    next: (what, match) => {
      const at = inbox.findIndex(match);
      if (at >= 0) return Promise.resolve(inbox.splice(at, 1)[0] as Element);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`${what} did not come: ${inbox.join("\n")}`)),
          20_000,
        );
        waiting.push({
          match,
          resolve: (stanza) => {
            clearTimeout(timer);
            resolve(stanza);
          },
        });
      });
    },
  };
}

async function rosterOf({ client: entity }: Romeo): Promise<string[]> {
  const query = await entity.iqCaller.get(xml("query", { xmlns: "jabber:iq:roster" }));
  return (query?.getChildren("item") ?? []).map((item) => `${item.attrs.jid} ${item.attrs.subscription}`);
}

test("xmpp.js logs in, subscribes, is approved, sees presence, chats, and comes back after a restart", async () => {
  const server = await interopServer();
  let her = await juliet(server);
  let him = await romeo(server.c2s.port);
  assert.equal(him.client.jid?.toString(), "romeo@localhost/orchard");
  assert.deepEqual(await rosterOf(him), []);
  await him.client.send(xml("presence"));

  const agreed = agree(her);
  await him.client.send(xml("presence", { to: "juliet@localhost", type: "subscribe" }));
  await him.next("her approval", (stanza) => stanza.is("presence") && stanza.attrs.type === "subscribed");
  await him.next(
    "her presence",
    (stanza) => stanza.is("presence") && stanza.attrs.from === her.full && stanza.attrs.type === undefined,
  );
  await him.next("her request", (stanza) => stanza.is("presence") && stanza.attrs.type === "subscribe");
  await him.client.send(xml("presence", { to: "juliet@localhost", type: "subscribed" }));
  await agreed;

  await him.client.send(
    xml("message", { to: her.full, type: "chat" }, xml("body", {}, "It is the east <&>")),
  );
  assert.equal((await her.receive("message")).childText("body"), "It is the east <&>");
  her.send("<message to='romeo@localhost/orchard' type='chat'><body>O Romeo ☕</body></message>");
  assert.equal(
    (await him.next("her answer", (stanza) => stanza.is("message"))).getChildText("body"),
    "O Romeo ☕",
  );

  await her.close();
  assert.equal(await server.end("SIGTERM"), 0);
  await server.start();
  her = await juliet(server);
  him = await romeo(server.c2s.port);
  assert.deepEqual(await rosterOf(him), ["juliet@localhost both"]);
  await him.client.send(xml("presence"));
  await him.next("her presence", (stanza) => stanza.is("presence") && stanza.attrs.from === her.full);
  await him.client.stop();
  await her.receive("presence", { from: "romeo@localhost/orchard", type: "unavailable" });
  await her.close();
});
