import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { story, storyServer, XmppClient } from "@rollcall/testkit";

const server = await storyServer();

describe("an account that is removed", () => {
  test(
    "between a client's login and its bind gets no session, and leaves nothing to the next owner of the name",
    story(server, ["juliet"], async ({ juliet }) => {
      const { username, password, domain } = juliet;
      const early = await XmppClient.authenticate({
        endpoint: server.c2s,
        tls: "none",
        domain,
        username,
        password,
      });
      await server.removeUser(juliet.jid);
      const answer = await early.request("set", "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>");
      assert.equal(answer.type, "error");
      assert.ok(answer.child("error")?.child("not-allowed", "urn:ietf:params:xml:ns:xmpp-stanzas"));
      early.cut();

      await server.addUser(juliet.jid, password);
      assert.deepEqual([...(await juliet.contacts()).keys()], []);
    }),
  );

  test(
    "under a flood of roster sets leaves no roster to the next owner of the name",
    story(server, ["juliet"], async ({ juliet }) => {
      const sessions = [
        await juliet.interested("a"),
        await juliet.interested("b"),
        await juliet.interested("c"),
      ];
      for (const session of sessions) {
        for (let n = 0; n < 40; n += 1) {
          const item = `<item jid='old-${n}@${juliet.domain}' name='${session.resource}'/>`;
          session.send(`<iq type='set' id='set-${n}'><query xmlns='jabber:iq:roster'>${item}</query></iq>`);
        }
      }
      await sessions[0]?.push();
      await server.removeUser(juliet.jid);
      for (const session of sessions) await session.wire.gone();

      await server.addUser(juliet.jid, juliet.password);
      assert.deepEqual([...(await juliet.contacts()).keys()], []);
    }),
  );
});
