import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  eventually,
  needs,
  type RunningCluster,
  startCluster,
  type XmlNode,
  XmppClient,
} from "@rollcall/testkit";

const password = "secret";

describe("NATS is away", needs("nats-server"), () => {
  let cluster: RunningCluster;
  before(async () => {
    cluster = await startCluster({ env: { ROLLCALL_OWNERSHIP_LEASE_MS: "6000" } });
    for (const name of ["romeo", "juliet"]) await cluster.addUser(`${name}@localhost`, password);
    await cluster.importRoster("romeo@localhost", { "juliet@localhost": { subscription: "both" } });
    await cluster.importRoster("juliet@localhost", { "romeo@localhost": { subscription: "both" } });
  });
  after(() => cluster.stop());

  const online = async (username: string, node: number, resource = "here"): Promise<XmppClient> => {
    const endpoint = cluster.nodes[node]?.c2s ?? { host: "", port: 0 };
    const client = await XmppClient.login({
      endpoint,
      tls: "none",
      domain: cluster.domain,
      username,
      password,
      resource,
    });
    await client.roster();
    await client.presence();
    await client.settled([`${username === "romeo" ? "juliet" : "romeo"}@localhost`]);
    return client;
  };
  const unavailable = (of: string) => (stanza: XmlNode) =>
    stanza.name === "presence" && stanza.type === "unavailable" && stanza.from === of;

  for (const [what, awayMs] of [
    ["for a moment", 2_000],
    ["longer than a lease lasts", 14_000],
  ] as const) {
    test(`${what}: who leaves meanwhile is unavailable afterwards, once, and who stays is not`, async () => {
      const romeo = await online("romeo", 0);
      const juliet = await online("juliet", 1);
      const nurse = await online("juliet", 0, "elsewhere");
      romeo.wire.takeAll();
      const harm = await cluster.faults.stopNats();
      await juliet.close();
      // How long it lasts is what this is about.
      await new Promise((resolve) => setTimeout(resolve, awayMs));
      await harm.undo();
      await eventually("she is unavailable", () => romeo.wire.inbox.some(unavailable(juliet.full)), 40_000);
      await romeo.wire.take(unavailable(juliet.full));
      await cluster.settled();
      await romeo.settled(["juliet@localhost"]);
      assert.deepEqual(
        romeo.wire
          .takeAll()
          .filter((stanza) => stanza.name === "presence")
          .map(String),
        [],
      );
      nurse.send("<presence><show>away</show></presence>");
      await romeo.receive("presence", { from: nurse.full });
      for (const client of [romeo, nurse]) client.cut();
    });
  }
});
