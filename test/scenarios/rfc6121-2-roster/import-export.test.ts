/** Rosters move between servers in the form that they have in Riak, and that Momentum sites know. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Person, type RunningServer, story, storyServer } from "@rollcall/testkit";
import { itemOf, quiet, takeConversation, xmlOf } from "../exact-stanzas.ts";
import { rosterNamespace, rosterOf, setItem } from "./roster-iq.ts";

const server = await storyServer();
const otherServer = await storyServer();
const at = (name: string): string => `${name}@${server.domain}`;

interface Line {
  readonly jid: string;
  readonly contacts: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** What `rollcall roster export` writes, of these accounts. */
async function exported(from: RunningServer, jids: readonly string[]): Promise<Line[]> {
  const answer = await from.admin("GET", "/rosters");
  assert.equal(answer.status, 200);
  const lines = (await answer.text()).split("\n").filter((line) => line !== "");
  return lines
    .map((line) => JSON.parse(line) as Line)
    .filter(({ jid }) => jids.includes(jid))
    .sort((a, b) => (a.jid < b.jid ? -1 : 1));
}

/** What `rollcall roster import` does, and what it counts. */
async function imported(into: RunningServer, lines: readonly Line[]): Promise<Record<string, number>> {
  const answer = await fetch(`${into.http}/admin/v1/rosters/import`, {
    method: "POST",
    headers: { authorization: `Bearer ${into.adminToken}`, "content-type": "application/x-ndjson" },
    body: lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
  });
  assert.equal(answer.status, 200);
  const reports = (await answer.text()).trim().split("\n");
  const result = JSON.parse(reports.at(-1) ?? "{}") as { kind: string; counts: Record<string, number> };
  assert.equal(result.kind, "result");
  return result.counts;
}

describe("import and export of rosters", () => {
  test(
    "carry everything to another server: names, groups, subscriptions, open requests, approvals and requests that wait",
    story(server, ["juliet", "romeo", "nurse"], async ({ juliet, romeo, nurse }) => {
      const balcony = await juliet.online("balcony");
      const orchard = await romeo.online("orchard");
      const kitchen = await nurse.online("kitchen");
      await setItem(
        balcony,
        `<item jid='${romeo.jid}' name='R &amp; J'><group>Z</group><group>A \u00e9</group></item>`,
      );
      balcony.send(`<presence to='${romeo.jid}' type='subscribe'/>`);
      await orchard.receive("presence", { type: "subscribe" });
      orchard.send(`<presence to='${juliet.jid}' type='subscribed'/>`);
      await balcony.receive("presence", { type: "subscribed" });
      balcony.send(`<presence to='${at("paris")}' type='subscribe'/>`);
      balcony.send(`<presence to='${at("tybalt")}' type='subscribed'/>`);
      kitchen.send(
        `<presence to='${juliet.jid}' type='subscribe' id='ask'><status>Lady!</status></presence>`,
      );
      await balcony.receive("presence", { type: "subscribe", from: nurse.jid });
      await quiet([balcony, orchard, kitchen]);

      const jids = [juliet.jid, romeo.jid, nurse.jid];
      const before = await exported(server, jids);
      assert.deepEqual(
        before.map(({ jid }) => jid),
        [...jids].sort(),
      );
      assert.deepEqual(before.find(({ jid }) => jid === romeo.jid)?.contacts, {
        [juliet.jid]: { name: "", groups: [], subscription: "from", pending_requests: {} },
      });

      for (const jid of jids) await otherServer.addUser(jid, "secret");
      const report = await imported(otherServer, before);
      assert.deepEqual(
        [report.added, report.changed, report.unchanged, report.bad, report.failed],
        [6, 0, 0, 0, 0],
        JSON.stringify(report),
      );
      assert.deepEqual(await exported(otherServer, jids), before);

      const there = new Person(otherServer, juliet.username, "secret", otherServer.domain);
      const session = await there.connect("there");
      const items = [...(await rosterOf(session)).items.values()].map((item) => xmlOf(item, rosterNamespace));
      assert.deepEqual(
        items.sort(),
        [...(await rosterOf(balcony)).items.values()].map((item) => xmlOf(item, rosterNamespace)).sort(),
      );
      await session.presence();
      assert.equal(
        xmlOf(await session.receive("presence", { type: "subscribe" })),
        `<presence from='${nurse.jid}' id='ask' to='${juliet.jid}' type='subscribe'><status>Lady!</status></presence>`,
      );
      there.leave();

      const again = await imported(otherServer, before);
      assert.deepEqual(
        [again.added, again.changed, again.unchanged],
        [0, 0, 6],
        "a second time changes nothing",
      );
    }),
  );

  test(
    "take Momentum's own objects as they are, and what others keep in them stays",
    story(server, ["juliet"], async ({ juliet }) => {
      const contacts = {
        "test1@test": { name: "test1", groups: ["mytest"], pending_requests: {}, subscription: "both" },
        "test2@test": {
          name: "",
          groups: [],
          pending_requests: { vendor: 1 },
          subscription: "none",
          vendor: { a: 1 },
        },
      };
      const put = await fetch(`${server.riak}/riak/xmpp/${juliet.jid}`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(contacts),
      });
      assert.ok(put.ok);
      const balcony = await juliet.interested("balcony");
      await setItem(balcony, "<item jid='test2@test' name='Two'/>");
      const stored = await fetch(`${server.riak}/riak/xmpp/${juliet.jid}`);
      const object = (await stored.json()) as typeof contacts;
      assert.deepEqual(
        [object["test1@test"].name, object["test1@test"].groups, object["test1@test"].subscription],
        ["test1", ["mytest"], "both"],
      );
      assert.equal(object["test2@test"].name, "Two");
      assert.deepEqual(object["test2@test"].vendor, { a: 1 });
      assert.deepEqual(object["test2@test"].pending_requests, { vendor: 1 });
      assert.deepEqual(
        (await exported(server, [juliet.jid]))[0]?.contacts["test1@test"],
        contacts["test1@test"],
      );
    }),
  );

  test(
    "an imported contact is pushed to the sessions that are there, and others stay as they are",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.interested("balcony");
      await setItem(balcony, `<item jid='${at("nurse")}' name='N'/>`);
      await quiet([balcony]);
      balcony.wire.takeAll();
      await imported(server, [{ jid: juliet.jid, contacts: { [at("friar")]: { groups: ["cell"] } } }]);
      assert.equal(
        xmlOf(await balcony.push(), rosterNamespace),
        itemOf(at("friar"), "none", { groups: ["cell"] }),
      );
      await quiet([balcony]);
      assert.deepEqual(takeConversation(balcony), []);
      assert.deepEqual([...(await rosterOf(balcony)).items.keys()], [at("nurse"), at("friar")]);
    }),
  );

  test(
    "pushes of an import and of a client's set are in one order",
    story(server, ["juliet"], async ({ juliet }) => {
      const balcony = await juliet.interested("balcony");
      await Promise.all([
        imported(server, [{ jid: juliet.jid, contacts: { [at("a")]: {}, [at("b")]: {} } }]),
        setItem(balcony, `<item jid='${at("c")}'/>`),
      ]);
      await quiet([balcony]);
      const pushes = balcony.wire.takeAll();
      assert.deepEqual(
        pushes.map((push) => push.child("query")?.attributes.ver),
        ["1", "2", "3"],
      );
      const last = pushes.map((push) => push.child("query")?.child("item")?.attributes.jid).sort();
      assert.deepEqual(last, [at("a"), at("b"), at("c")]);
    }),
  );
});
