/**
 * `npm run trace-picture`: plays a scene on a cluster of processes, and draws the trace of one stanza of it into
 * `docs/trace.svg`. Needs a nats-server.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { onlineAt, renderTrace, startCluster, startOtlpReceiver } from "@rollcall/testkit";

const picture = fileURLToPath(new URL("../../../docs/trace.svg", import.meta.url));

const collector = await startOtlpReceiver();
const cluster = await startCluster({
  env: {
    ROLLCALL_OTLP_ENDPOINT: collector.endpoint,
    ROLLCALL_TRACE_PERCENT: "100",
    ROLLCALL_TRACE_JIDS: "plain",
  },
});
try {
  await cluster.settled();
  const jid = (username: string): string => `${username}@${cluster.domain}`;
  const friends = ["juliet", "nurse", "mercutio"];
  for (const username of ["romeo", ...friends]) await cluster.addUser(jid(username), `${username}'s secret`);
  const both = { subscription: "both" };
  await cluster.importRoster(jid("romeo"), Object.fromEntries(friends.map((friend) => [jid(friend), both])));
  for (const friend of friends) await cluster.importRoster(jid(friend), { [jid("romeo")]: both });
  const [first, second] = cluster.nodes;
  if (first === undefined || second === undefined) throw new Error("a cluster has two connection nodes");
  const romeo = await onlineAt(cluster, first, "romeo");
  const others = await Promise.all(
    friends.map((friend, i) => onlineAt(cluster, i === 0 ? first : second, friend)),
  );
  // The first time everything is cold.
  for (let round = 0; round < 20; round += 1) {
    const id = `round-${round}`;
    romeo.send(`<presence id='${id}'><show>away</show></presence>`);
    await Promise.all(others.map((other) => other.receive("presence", { id })));
  }
  romeo.send(`<presence id='last'><show>away</show></presence>`);
  await Promise.all(others.map((other) => other.receive("presence", { id: "last" })));
  const roots = (): number[] =>
    collector.spans
      .filter(
        ({ name, attributes }) => name === "receive presence" && attributes["xmpp.account"] === romeo.bare,
      )
      .map(({ start }) => start);
  const spans = await collector.trace("the last presence", (trace) => {
    const root = trace.find(({ parentSpanId }) => parentSpanId === "");
    const written = trace.filter(({ name }) => name === "write");
    const told = written.reduce((sum, { attributes }) => sum + Number(attributes["xmpp.recipients"]), 0);
    return roots().length === 22 && root?.start === Math.max(...roots()) && told === friends.length + 1;
  });
  writeFileSync(
    picture,
    renderTrace(spans, {
      title: "Romeo is away: from his stanza to the sockets of three contacts",
      about:
        "Two connection nodes, two roster and two presence instances, NATS: one trace. Times in milliseconds, on one machine with two cores.",
    }),
  );
  process.stdout.write(`${spans.length} spans: ${picture}\n`);
} finally {
  await cluster.stop();
  await collector.stop();
}
