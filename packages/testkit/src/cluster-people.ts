/** People on a cluster of processes. */
import type { ClusterNode, RunningCluster } from "./start-cluster.ts";
import { XmppClient } from "./xmpp-client.ts";

const passwordOf = (username: string): string => `${username}'s secret`;

/** Two accounts that are subscribed to each other. */
export async function befriendIn(cluster: RunningCluster, one: string, other: string): Promise<void> {
  const jid = (username: string): string => `${username}@${cluster.domain}`;
  for (const username of [one, other]) await cluster.addUser(jid(username), passwordOf(username));
  await cluster.importRoster(jid(one), { [jid(other)]: { subscription: "both" } });
  await cluster.importRoster(jid(other), { [jid(one)]: { subscription: "both" } });
}

/** Logged in on that node, with the roster fetched and initial presence sent. */
export async function onlineAt(
  cluster: RunningCluster,
  node: ClusterNode,
  username: string,
  resource = "here",
): Promise<XmppClient> {
  const client = await XmppClient.login({
    endpoint: node.c2s,
    tls: "none",
    domain: cluster.domain,
    username,
    password: passwordOf(username),
    resource,
  });
  const contacts = (await client.roster()).child("query")?.elements() ?? [];
  await client.presence();
  await client.settled(contacts.map((item) => item.attributes.jid ?? ""));
  return client;
}
