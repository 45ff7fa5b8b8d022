import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, type Person, story, storyServer, type XmlNode, XmppClient } from "@rollcall/testkit";
import { bindNamespace, expectStreamError, stanzaErrors } from "../raw-stream.ts";

const server = await storyServer({ settings: { "presence.resources_per_account": 3 } });
const refusing = await storyServer({ settings: { "presence.resource_conflict": "refuse" } });

/** Logged in, and not bound. */
function authenticated(person: Person): Promise<XmppClient> {
  return XmppClient.authenticate({
    endpoint: person.server.c2s,
    tls: "none",
    domain: person.domain,
    username: person.username,
    password: person.password,
  });
}

function bind(client: XmppClient, resource?: string): Promise<XmlNode> {
  const content = resource === undefined ? "" : `<resource>${resource}</resource>`;
  return client.request("set", `<bind xmlns='${bindNamespace}'>${content}</bind>`);
}

describe("resource binding", () => {
  test(
    "gives a random resource to whoever asks for none",
    story(server, ["juliet"], async ({ juliet }) => {
      const resources = new Set<string>();
      for (let session = 1; session <= 3; session++) {
        const client = await authenticated(juliet);
        const result = await bind(client);
        assert.equal(result.type, "result");
        const jid = result.child("bind", bindNamespace)?.childText("jid") ?? "";
        assert.match(jid, /^[^/]+\/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        assert.ok(jid.startsWith(`${juliet.jid}/`));
        resources.add(jid);
        client.cut();
      }
      assert.equal(resources.size, 3);
    }),
  );

  test(
    "gives the resource that was asked for, unmodified",
    story(server, ["juliet"], async ({ juliet }) => {
      for (const resource of ["balcony", "Ba lcony/ßé@名"]) {
        const client = await juliet.connect(resource);
        assert.equal(client.full, `${juliet.jid}/${resource}`);
      }
    }),
  );

  test(
    "makes something of a resource that cannot be used",
    story(server, ["juliet"], async ({ juliet }) => {
      for (const resource of ["", "a&#x9;b", "x".repeat(1_024)]) {
        const client = await juliet.connect(undefined);
        client.cut();
        const fresh = await authenticated(juliet);
        const result = await bind(fresh, resource);
        assert.equal(result.type, "result");
        assert.match(result.child("bind")?.childText("jid") ?? "", /^[^/]+\/[^/]+$/);
        fresh.cut();
      }
    }),
  );

  test(
    "gives another resource where the one asked for is in use, and both sessions live",
    story(server, ["juliet"], async ({ juliet }) => {
      const older = await juliet.online("balcony");
      const newer = await juliet.online("balcony");
      assert.equal(older.full, `${juliet.jid}/balcony`);
      assert.notEqual(newer.full, older.full);
      assert.equal(newer.bare, juliet.jid);
      newer.send(`<message to='${older.full}' id='m'/>`);
      assert.equal((await older.receive("message", { id: "m" })).from, newer.full);
    }),
  );

  test(
    "answers conflict where the operator wants no other resource given, and the stream stays",
    story(refusing, ["juliet"], async ({ juliet }) => {
      const older = await juliet.online("balcony");
      const newer = await authenticated(juliet);
      const refusal = await bind(newer, "balcony");
      assert.deepEqual(refusal.error(), { condition: "conflict", type: "cancel" });
      assert.equal((await bind(newer, "chamber")).type, "result");
      await older.settled();
    }),
  );

  test(
    "lets an account have several resources, up to the limit",
    story(server, ["juliet"], async ({ juliet }) => {
      const sessions = [];
      for (let count = 1; count <= 3; count++) sessions.push(await juliet.online(`r${count}`));
      const surplus = await authenticated(juliet);
      const refusal = await bind(surplus, "r4");
      assert.deepEqual(refusal.error(), { condition: "resource-constraint", type: "wait" });
      assert.equal(refusal.child("error")?.elements()[0]?.namespace, stanzaErrors);
      await sessions[0]?.close();
      await eventually("there is room for another", async () => {
        const next = await authenticated(juliet);
        const answer = await bind(next, "r4");
        next.cut();
        return answer.type === "result";
      });
    }),
  );

  test(
    "that fails may be tried five times, and the sixth ends the stream with policy-violation",
    story(refusing, ["juliet"], async ({ juliet }) => {
      await juliet.online("balcony");
      const client = await authenticated(juliet);
      for (let attempt = 1; attempt <= 6; attempt++) {
        assert.equal((await bind(client, "balcony")).error()?.condition, "conflict");
      }
      await expectStreamError(client.wire, "policy-violation");
    }),
  );

  test(
    "happens once for a stream: a second resource is not-allowed",
    story(server, ["juliet"], async ({ juliet }) => {
      const client = await juliet.connect("balcony");
      const refusal = await bind(client, "chamber");
      assert.deepEqual(refusal.error(), { condition: "not-allowed", type: "cancel" });
      await client.settled();
      assert.equal(client.wire.received.match(/<stream:stream /g)?.length, 2, "and the stream is the same");
    }),
  );

  test(
    "comes before every stanza, which otherwise is not processed, and the stream ends with not-authorized",
    story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
      const balcony = await juliet.online("balcony");
      for (const xml of [
        `<message to='${balcony.full}'><body>too early</body></message>`,
        `<presence to='${juliet.jid}' type='subscribe'/>`,
        "<presence/>",
        `<iq type='get' id='1' to='${balcony.full}'><ping xmlns='urn:xmpp:ping'/></iq>`,
      ]) {
        const client = await authenticated(romeo);
        client.send(xml);
        await expectStreamError(client.wire, "not-authorized");
      }
      await balcony.settled();
      assert.deepEqual(balcony.wire.takeAll(), []);
    }),
  );
});
