/** The server as a process, and Juliet at the test kit's client, for stories with other people's clients. */
import { after } from "node:test";
import { ServerProcess, XmppClient } from "@rollcall/testkit";

export const password = "by the moon";

/** A server that demands TLS, with accounts for romeo and juliet. */
export async function interopServer(): Promise<ServerProcess> {
  const server = await ServerProcess.create({ ROLLCALL_LOG_LEVEL: "warn" });
  after(() => server.remove());
  await server.start();
  for (const name of ["romeo", "juliet"]) await server.addUser(`${name}@localhost`, password);
  return server;
}

/** Juliet is here: roster fetched, presence sent. */
export async function juliet(server: ServerProcess): Promise<XmppClient> {
  const client = await XmppClient.login({
    endpoint: server.c2s,
    tls: "starttls",
    domain: "localhost",
    username: "juliet",
    password,
    resource: "balcony",
  });
  await client.roster();
  await client.presence();
  return client;
}

/** Juliet answers Romeo's request, asks back and takes his answer: from here on each sees the other. */
export async function agree(client: XmppClient): Promise<void> {
  const request = await client.receive("presence", { type: "subscribe" });
  client.send(
    `<presence to='${request.from}' type='subscribed'/><presence to='${request.from}' type='subscribe'/>`,
  );
  await client.receive("presence", { type: "subscribed" });
  await client.receive(
    "presence",
    { type: undefined },
    (presence) => presence.from?.startsWith("romeo@localhost/") === true,
  );
}
