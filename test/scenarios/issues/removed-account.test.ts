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

  test(
    "and made again under the same name has no roster versions in common with the one before",
    story(server, ["juliet"], async ({ juliet }) => {
      const add = async (names: readonly string[]): Promise<void> => {
        const session = await juliet.connect();
        for (const name of names)
          await session.request(
            "set",
            `<query xmlns='jabber:iq:roster'><item jid='${name}@example.org'/></query>`,
          );
        await session.close();
      };
      await add(["old1", "old2", "old3"]);
      const before = await juliet.connect();
      const version = (await before.roster()).child("query")?.attributes.ver;
      await server.removeUser(juliet.jid);

      await server.addUser(juliet.jid, juliet.password);
      await add(["new1", "new2", "new3", "new4", "new5", "new6", "new7"]);
      const again = await juliet.connect();
      assert.equal((await again.roster(version)).child("query")?.elements().length, 7, "all of it");
    }),
  );
});
