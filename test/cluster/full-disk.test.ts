/** The disk of the embedded store is full: its file may not grow any more (a limit of the process stands for the disk). */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import {
  befriendIn,
  type ClusterNode,
  eventually,
  needs,
  onlineAt,
  type RunningCluster,
  startCluster,
  type XmlNode,
  type XmppClient,
} from "@rollcall/testkit";

const skip = needs("nats-server").skip || needs("prlimit").skip;
const most = 2_000;

/** The file that grows. */
function largestFile(folder: string): number {
  const sizes = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".mdb"))
    .map((entry) => statSync(join(entry.parentPath ?? entry.path, entry.name)).size);
  return Math.max(...sizes);
}

describe("the disk of the embedded store is full", { skip }, () => {
  let cluster: RunningCluster;
  before(async () => {
    cluster = await startCluster();
    await befriendIn(cluster, "romeo", "juliet");
  });
  after(() => cluster.stop());

  const limit = (bytes: number | "unlimited"): void => {
    execFileSync("prlimit", ["--pid", String(cluster.store.pid), `--fsize=${bytes}:`]);
  };
  const itemOf = (n: number): string => `stranger-${n}@example.org`;
  const set = (client: XmppClient, n: number): Promise<XmlNode> =>
    client.request(
      "set",
      `<query xmlns='jabber:iq:roster'><item jid='${itemOf(n)}' name='${"x".repeat(900)}'/></query>`,
    );

  test("roster sets are refused for the time being, the rest goes on, and nothing acknowledged is lost", async () => {
    const [first, second] = cluster.nodes as [ClusterNode, ClusterNode];
    const romeo = await onlineAt(cluster, first, "romeo");
    const juliet = await onlineAt(cluster, second, "juliet");
    limit(largestFile(cluster.folder));
    const acknowledged: string[] = [];
    let refusal: XmlNode | undefined;
    for (let n = 0; n < most && refusal === undefined; n += 1) {
      const answer = await set(romeo, n);
      if (answer.type === "result") acknowledged.push(itemOf(n));
      else refusal = answer;
    }
    assert.equal(refusal?.child("error")?.attributes.type, "wait", String(refusal));
    juliet.send(`<message to="${romeo.full}" type="chat"><body>a full disk</body></message>`);
    await romeo.receive("message", { from: juliet.full });
    juliet.send("<presence><show>away</show></presence>");
    const isAway = (stanza: XmlNode): boolean =>
      stanza.name === "presence" && stanza.from === juliet.full && stanza.child("show") !== undefined;
    await romeo.wire.take(isAway);
    assert.equal((await romeo.roster()).type, "result", "what is there can be read");
    limit("unlimited");
    await eventually("there is room again", async () => {
      const answer = await set(romeo, most);
      return answer.type === "result";
    });
    const items = (await romeo.roster()).child("query")?.elements() ?? [];
    const there = new Set(items.map((item) => item.attributes.jid));
    assert.deepEqual(
      acknowledged.filter((jid) => !there.has(jid)),
      [],
    );
    assert.ok(there.has(itemOf(most)));
    for (const client of [romeo, juliet]) client.cut();
  });
});
