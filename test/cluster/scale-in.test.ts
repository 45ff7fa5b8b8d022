/** A connection node that is taken away as Kubernetes does it: notice first, then SIGTERM. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  befriendIn,
  type ClusterNode,
  eventually,
  needs,
  onlineAt,
  type RunningCluster,
  startCluster,
} from "@rollcall/testkit";

const main = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));

describe("a connection node that is taken away", needs("nats-server"), () => {
  let cluster: RunningCluster;
  before(async () => {
    cluster = await startCluster({ env: { ROLLCALL_DRAIN_UNREADY_MS: "300" } });
    await befriendIn(cluster, "romeo", "juliet");
  });
  after(() => cluster.stop());

  test("is not ready first and takes logins still; then its clients go elsewhere, and nothing is lost", async () => {
    const [stays, goes] = cluster.nodes as [ClusterNode, ClusterNode];
    const romeo = await onlineAt(cluster, stays, "romeo");
    const { spec, pid } = goes.process;
    await promisify(execFile)(process.execPath, [main, "leave", "--pid", String(pid)], {
      cwd: cluster.folder,
      env: spec.env,
    });
    assert.equal(await spec.ready(), false);

    const juliet = await onlineAt(cluster, goes, "juliet");
    await romeo.receive("presence", { from: juliet.full, type: undefined });
    romeo.wire.takeAll();
    const names = Array.from({ length: 20 }, (_, n) => `name ${n}`);
    for (const name of names) {
      juliet.send(`<message to='${romeo.full}' type='chat' id='${name}'/>`);
      const answer = await juliet.request(
        "set",
        `<query xmlns='jabber:iq:roster'><item jid='nurse@localhost' name='${name}'/></query>`,
      );
      assert.equal(answer.type, "result");
    }
    const ended = goes.process.end("SIGTERM");
    const error = await juliet.wire.take(({ name }) => name === "error", "the stream error");
    assert.equal(error.elements()[0]?.name, "system-shutdown");
    await juliet.close();
    assert.equal(await ended, 0);

    const again = await onlineAt(cluster, stays, "juliet");
    const items = (await again.roster()).child("query")?.elements() ?? [];
    assert.equal(
      items.find((item) => item.attributes.jid === "nurse@localhost")?.attributes.name,
      names.at(-1),
    );
    await romeo.receive("presence", { from: again.full, type: undefined });
    await romeo.settled(["juliet@localhost"]);
    await eventually("she is told", () => romeo.wire.inbox.length > 0);
    const seen = romeo.wire.takeAll();
    assert.deepEqual(
      seen.filter(({ name }) => name === "message").map(({ id }) => id),
      names,
    );
    for (const client of [romeo, again]) client.cut();
  });
});
