/** RFC 6121, 8.5.1: stanzas for an account that does not exist. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { storyServer } from "@rollcall/testkit";
import { quiet, takeConversation } from "../exact-stanzas.ts";
import { cell, fence, scene, serviceUnavailable, specimens } from "./cell.ts";

const server = await storyServer();
const { normal, unknown, chat, groupchat, headline, messageError } = specimens;
const { available, unavailable, presenceError, get, set, result, iqError } = specimens;
const situation = "missing";
const bare = "bare";
const full = { resource: "balcony" };
const answer = serviceUnavailable;

describe("for an account that does not exist", () => {
  cell(
    server,
    "an iq is refused",
    { situation, to: bare, stanza: get, answer },
    { situation, to: bare, stanza: set, answer },
    { situation, to: full, stanza: get, answer },
    { situation, to: full, stanza: set, answer },
  );
  cell(
    server,
    "a normal message is dropped, as one that is kept is to the sender",
    { situation, to: bare, stanza: normal },
    { situation, to: bare, stanza: unknown },
    { situation, to: full, stanza: normal },
  );
  cell(
    server,
    "a chat message is dropped, as one that is kept is to the sender",
    { situation, to: bare, stanza: chat },
    { situation, to: full, stanza: chat },
  );
  cell(
    server,
    "a groupchat message is refused for the bare JID and dropped for a full one, as for every account",
    { situation, to: bare, stanza: groupchat, answer },
    { situation, to: full, stanza: groupchat },
  );
  cell(
    server,
    "a headline is dropped",
    { situation, to: bare, stanza: headline },
    { situation, to: full, stanza: headline },
  );
  cell(
    server,
    "errors and results are dropped",
    { situation, to: bare, stanza: messageError },
    { situation, to: full, stanza: messageError },
    { situation, to: bare, stanza: presenceError },
    { situation, to: full, stanza: presenceError },
    { situation, to: bare, stanza: result },
    { situation, to: full, stanza: result },
    { situation, to: bare, stanza: iqError },
    { situation, to: full, stanza: iqError },
  );
  cell(
    server,
    "presence is dropped",
    { situation, to: bare, stanza: available },
    { situation, to: full, stanza: available },
    { situation, to: bare, stanza: unavailable },
    { situation, to: full, stanza: unavailable },
  );

  test(
    "subscription stanzas are dropped",
    scene(server, situation, "stranger", async (set) => {
      const { sender, account } = set;
      for (const address of [account, `${account}/balcony`]) {
        for (const type of ["subscribed", "unsubscribed", "unsubscribe", "subscribe"]) {
          sender.send(`<presence to='${address}' type='${type}' id='${type}'/>`);
        }
      }
      await fence(set);
      assert.deepEqual(takeConversation(sender), []);
      await sender.roster();
      sender.send(`<presence to='${account}' type='subscribe'/>`);
      await quiet([sender]);
      assert.deepEqual(takeConversation(sender), [], "the item asks already, and goes on asking");
      const [item] = (await sender.roster()).child("query")?.elements() ?? [];
      assert.equal(item?.attributes.jid, account);
      assert.equal(item?.attributes.ask, "subscribe");
      assert.equal(item?.attributes.subscription, "none");
    }),
  );

  test(
    "a probe is answered with unsubscribed, which ends a subscription in the prober's roster",
    scene(server, situation, "stranger", async (set) => {
      const { sender, account } = set;
      await server.importRoster(sender.bare, { [account]: { subscription: "to", name: "J" } });
      await quiet([sender]);
      sender.wire.takeAll();
      sender.send(`<presence to='${account}' type='probe' id='p1'/>`);
      await sender.receive("presence", { id: "p1" });
      const push = await sender.push(account);
      assert.equal(push.attributes.subscription, "none");
      sender.send(`<presence to='${account}/balcony' type='probe' id='p2'/>`);
      await fence(set);
      await quiet([sender]);
      assert.deepEqual(takeConversation(sender), [], "there is nothing more to end");
    }),
  );
});
