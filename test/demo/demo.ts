/**
 * `npm run demo`: a server on free ports with a temporary folder, and a short scene between two clients.
 * Prints what each of them does and sees, and ends by itself. With `--cluster` the server is a whole cluster, and each
 * client is on a connection node of its own.
 */
import { parseArgs } from "node:util";
import {
  type Endpoint,
  hasTool,
  startCluster,
  startServer,
  type XmlNode,
  XmppClient,
} from "@rollcall/testkit";

const color = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const paint = (code: number, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);

function does(who: string, what: string): void {
  process.stdout.write(`${paint(1, who.padEnd(7))} ${paint(36, "→")} ${what}\n`);
}

function sees(who: string, what: string, stanza?: XmlNode): void {
  process.stdout.write(`${paint(1, who.padEnd(7))} ${paint(32, "←")} ${what}\n`);
  if (stanza !== undefined) process.stdout.write(`          ${paint(2, stanza.toString())}\n`);
}

function scene(title: string): void {
  process.stdout.write(`\n${paint(35, title)}\n`);
}

/** The server of the scene, of one process or of many. */
interface Stage {
  readonly domain: string;
  /** Where Romeo and Juliet connect. */
  readonly doors: readonly [Endpoint, Endpoint];
  readonly riak: string;
  readonly what: string;
  addUser(jid: string, password: string): Promise<void>;
  stop(): Promise<void>;
}

async function oneServer(): Promise<Stage> {
  const server = await startServer({ settings: { "tls.required": true } });
  const { c2s, domain, riak } = server;
  return {
    domain,
    doors: [c2s, c2s],
    riak,
    what: `Rollcall is up: XMPP on port ${c2s.port}, rosters on ${riak}`,
    addUser: (jid, password) => server.addUser(jid, password),
    stop: () => server.stop(),
  };
}

async function cluster(): Promise<Stage> {
  const natsServer = process.env.NATS_SERVER ?? "nats-server";
  if (!hasTool(natsServer)) {
    throw new Error(`${natsServer} is not there (apt-get install nats-server, or NATS_SERVER=path)`);
  }
  const running = await startCluster({ env: { ROLLCALL_TLS_REQUIRED: "true" } });
  const [first, second] = running.nodes;
  if (first === undefined || second === undefined) throw new Error("a cluster has two connection nodes");
  const riak = running.storeProxy.url;
  return {
    domain: running.domain,
    doors: [first.c2s, second.c2s],
    riak,
    what:
      `A cluster is up, of NATS, the store, and two connection, roster and presence processes each: Romeo connects to ` +
      `${first.name} on port ${first.c2s.port}, Juliet to ${second.name} on port ${second.c2s.port}; rosters on ${riak}`,
    addUser: (jid, password) => running.addUser(jid, password),
    stop: () => running.stop(),
  };
}

async function play(): Promise<void> {
  const started = performance.now();
  const { values } = parseArgs({ options: { cluster: { type: "boolean", default: false } } });
  const server = await (values.cluster ? cluster() : oneServer());
  try {
    process.stdout.write(
      `${server.what}; all on loopback, data in a temporary folder. ` +
        `It took ${Math.round(performance.now() - started)} ms.\n`,
    );
    await server.addUser("romeo@localhost", "by the moon");
    await server.addUser("juliet@localhost", "wherefore");
    const [orchardDoor, balconyDoor] = server.doors;
    const login = (
      endpoint: Endpoint,
      username: string,
      password: string,
      resource: string,
    ): Promise<XmppClient> =>
      XmppClient.login({
        endpoint,
        tls: "starttls",
        domain: server.domain,
        username,
        password,
        resource,
        mechanism: "SCRAM-SHA-256",
      });

    scene("Two people log in (TLS, SCRAM-SHA-256), fetch their rosters and say that they are here");
    const romeo = await login(orchardDoor, "romeo", "by the moon", "orchard");
    const juliet = await login(balconyDoor, "juliet", "wherefore", "balcony");
    for (const [name, client] of [
      ["Romeo", romeo],
      ["Juliet", juliet],
    ] as const) {
      const roster = await client.roster();
      await client.presence();
      does(name, `is ${client.full}`);
      sees(name, "an empty roster", roster);
    }

    scene("Romeo asks to see Juliet's presence; Juliet agrees, and asks back");
    romeo.send(`<presence to='${juliet.bare}' type='subscribe'/>`);
    does("Romeo", "asks");
    sees("Romeo", "his roster with the request", await romeo.push(juliet.bare));
    sees("Juliet", "the request", await juliet.receive("presence", { type: "subscribe" }));
    juliet.send(`<presence to='${romeo.bare}' type='subscribed'/>`);
    does("Juliet", "agrees");
    sees("Romeo", "the answer", await romeo.receive("presence", { type: "subscribed" }));
    sees("Romeo", "his roster", await romeo.push(juliet.bare));
    sees(
      "Romeo",
      "that Juliet is here",
      await romeo.receive("presence", { from: juliet.full, type: undefined }),
    );
    juliet.send(`<presence to='${romeo.bare}' type='subscribe'/>`);
    await romeo.receive("presence", { type: "subscribe" });
    romeo.send(`<presence to='${juliet.bare}' type='subscribed'/>`);
    does("Juliet", "asks back, and Romeo agrees");
    sees(
      "Juliet",
      "that Romeo is here",
      await juliet.receive("presence", { from: romeo.full, type: undefined }),
    );

    scene("They use it");
    await juliet.presence("<show>away</show><status>on the balcony</status>");
    does("Juliet", "is away");
    sees(
      "Romeo",
      "it",
      await romeo.receive(
        "presence",
        { from: juliet.full, type: undefined },
        (stanza) => stanza.childText("show") === "away",
      ),
    );
    romeo.send(
      `<message to='${juliet.full}' type='chat'><body>It is the east, and Juliet is the sun.</body></message>`,
    );
    does("Romeo", "writes");
    sees("Juliet", "it", await juliet.receive("message", { type: "chat" }));

    scene("The operator looks into Riak: one JSON object per roster");
    const object = await fetch(`${server.riak}/riak/xmpp/${romeo.bare}`);
    process.stdout.write(
      `          ${paint(2, `GET ${server.riak}/riak/xmpp/${romeo.bare}`)}\n          ${await object.text()}\n`,
    );

    scene("Romeo's connection breaks");
    romeo.cut();
    sees("Juliet", "him gone", await juliet.receive("presence", { from: romeo.full, type: "unavailable" }));
    await juliet.close();
    process.stdout.write(
      `\nThat was it. ${paint(1, "npm start")} runs a server that keeps its data; any XMPP client can use it.\n`,
    );
  } finally {
    await server.stop();
  }
}

await play().catch((error: Error) => {
  process.stderr.write(`The demo failed: ${error.stack ?? error.message}\n`);
  process.exitCode = 1;
});
