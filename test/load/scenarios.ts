/** The measured situations. Each one is the same for every server. */
import { cpuOf, type Roots, rssOf } from "./cpu-meter.ts";
import type { Figure } from "./figures.ts";
import { LoadClient, type LoadEndpoint, NeedleCounter } from "./load-client.ts";
import { DOMAIN, type LoadUser, PASSWORD, type ServerUnderTest } from "./server-under-test.ts";

const rosterGet = "<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>";

/** Runs `work` and reports what it cost. */
async function measured(
  server: ServerUnderTest,
  scenario: string,
  operation: string,
  work: () => Promise<{ operations: number; latencies?: number[] }>,
): Promise<Figure> {
  await quiet(server.pid);
  const serverBefore = cpuOf(server.pid);
  const loadBefore = process.cpuUsage();
  const start = performance.now();
  const { operations, latencies } = await work();
  const wallMs = performance.now() - start;
  const load = process.cpuUsage(loadBefore);
  // What the operations caused may still be running.
  await quiet(server.pid);
  return {
    server: server.name,
    scenario,
    operation,
    operations,
    wallMs,
    serverCpuMs: cpuOf(server.pid) - serverBefore,
    loadCpuMs: (load.user + load.system) / 1000,
    latencies: latencies ?? [],
  };
}

/** Resolves when the server has used less than 2 % of a core for each process for half a second, or after 10 s. */
async function quiet(pid: Roots): Promise<void> {
  const idleMs = typeof pid === "number" ? 10 : 10 * pid.length;
  for (let i = 0; i < 20; i += 1) {
    const before = cpuOf(pid);
    await new Promise((resolve) => setTimeout(resolve, 500));
    if (cpuOf(pid) - before <= idleMs) return;
  }
}

/** Runs `work` over the items, `width` at a time. */
async function eachOf<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (;;) {
        const item = items[next];
        next += 1;
        if (item === undefined) return;
        await work(item);
      }
    }),
  );
}

/** Counts what all clients receive and tells when it is enough. */
class Tally {
  #goal = Number.POSITIVE_INFINITY;
  #reached: () => void = () => {};
  count = 0;

  add(found: number): void {
    this.count += found;
    if (this.count >= this.#goal) {
      this.#goal = Number.POSITIVE_INFINITY;
      this.#reached();
    }
  }

  /** Resolves when `more` further ones have come. Call before causing them. */
  more(more: number): Promise<void> {
    return new Promise((resolve) => {
      this.#goal = this.count + more;
      this.#reached = resolve;
      this.add(0);
    });
  }
}

function countingClient(client: LoadClient, needle: string, tally: Tally, latencies?: number[]): void {
  const counter = new NeedleCounter(needle);
  client.onData = (chunk) => {
    tally.add(counter.add(chunk));
    if (latencies === undefined) return;
    const now = performance.now();
    for (const stamp of chunk.toString("latin1").matchAll(/t=(\d+\.\d+);/g))
      latencies.push(now - Number(stamp[1]));
  };
}

async function online(user: LoadUser, endpoint: LoadEndpoint): Promise<LoadClient> {
  const client = new LoadClient(user.username, DOMAIN);
  await client.login(endpoint, PASSWORD, "bench");
  await client.request(rosterGet, "</iq>");
  await client.request("<presence/>", "<presence");
  return client;
}

/** Logs users in, eight at a time; tells how long each took. */
async function comeOnline(
  users: readonly LoadUser[],
  clients: Map<string, LoadClient>,
  endpoint: LoadEndpoint,
): Promise<{ operations: number; latencies: number[] }> {
  const latencies: number[] = [];
  await eachOf(users, 8, async (user) => {
    const start = performance.now();
    const client = await online(user, endpoint);
    latencies.push(performance.now() - start);
    client.onData = () => {};
    clients.set(user.username, client);
  });
  return { operations: users.length, latencies };
}

/** All users online; what came before is drained, and presence is counted from here on. */
export async function population(
  server: ServerUnderTest,
  users: readonly LoadUser[],
  endpoint: LoadEndpoint,
): Promise<Map<string, LoadClient>> {
  const clients = new Map<string, LoadClient>();
  await comeOnline(users, clients, endpoint);
  await quiet(server.pid);
  return clients;
}

export async function disband(clients: Map<string, LoadClient>): Promise<void> {
  await eachOf([...clients.values()], 50, (client) => client.close());
}

/**
 * Login, roster get and initial presence of users all of whose 20 contacts are online, with the presence that this
 * causes to and from them. Users leave and return in groups far enough apart not to miss each other.
 */
export async function login(
  server: ServerUnderTest,
  users: readonly LoadUser[],
  clients: Map<string, LoadClient>,
  endpoint: LoadEndpoint,
  label: string,
): Promise<Figure> {
  const groups = [0, 2, 4, 6, 8, 10, 12, 14, 16, 18].map((group) =>
    users.filter((_, index) => index % 25 === group),
  );
  const figures: Figure[] = [];
  for (const group of groups) {
    await eachOf(group, 20, async (user) => {
      await clients.get(user.username)?.close();
    });
    figures.push(await measured(server, label, "login", () => comeOnline(group, clients, endpoint)));
  }
  return sum(figures);
}

function sum(figures: readonly Figure[]): Figure {
  const first = figures[0] as Figure;
  const total = (pick: (figure: Figure) => number): number =>
    figures.reduce((running, figure) => running + pick(figure), 0);
  return {
    ...first,
    operations: total((figure) => figure.operations),
    wallMs: total((figure) => figure.wallMs),
    serverCpuMs: total((figure) => figure.serverCpuMs),
    loadCpuMs: total((figure) => figure.loadCpuMs),
    latencies: figures.flatMap((figure) => figure.latencies),
  };
}

/** Every user changes presence at once, round after round; the next round starts when all of it was delivered. */
export async function presenceFlatOut(
  server: ServerUnderTest,
  users: readonly LoadUser[],
  clients: Map<string, LoadClient>,
  rounds: number,
  label: string,
): Promise<Figure> {
  const tally = new Tally();
  for (const client of clients.values()) countingClient(client, "<presence", tally);
  const perRound = users.reduce((running, user) => running + user.contacts.length + 1, 0);
  const round = async (number: number): Promise<void> => {
    const delivered = tally.more(perRound);
    for (const client of clients.values()) {
      client.send(
        `<presence><show>${number % 2 === 0 ? "away" : "dnd"}</show><status>round ${number}</status></presence>`,
      );
    }
    await delivered;
  };
  for (let warm = 0; warm < 3; warm += 1) await round(warm);
  return measured(server, label, "delivered presence", async () => {
    for (let number = 0; number < rounds; number += 1) await round(number);
    return { operations: perRound * rounds };
  });
}

/** Presence changes at a fixed rate, with the time that each took to arrive. */
export async function presencePaced(
  server: ServerUnderTest,
  users: readonly LoadUser[],
  clients: Map<string, LoadClient>,
  perSecond: number,
  seconds: number,
  label: string,
): Promise<Figure> {
  const tally = new Tally();
  const latencies: number[] = [];
  for (const client of clients.values()) countingClient(client, "<presence", tally, latencies);
  const changes = perSecond * seconds;
  const senders = [...clients.values()];
  const perChange = (users[0]?.contacts.length ?? 0) + 1;
  return measured(server, label, "delivered presence", async () => {
    const delivered = tally.more(changes * perChange);
    const start = performance.now();
    for (let sent = 0; sent < changes; ) {
      const due = Math.min(changes, Math.floor(((performance.now() - start) / 1000) * perSecond) + 1);
      for (; sent < due; sent += 1) {
        senders[(sent * 7) % senders.length]?.send(
          `<presence><status>t=${performance.now().toFixed(3)};</status></presence>`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await delivered;
    return { operations: changes * perChange, latencies };
  });
}

/** Every user sends one 300-byte chat message to a contact's full JID, round after round. */
export async function messagesFlatOut(
  server: ServerUnderTest,
  users: readonly LoadUser[],
  clients: Map<string, LoadClient>,
  rounds: number,
  label: string,
): Promise<Figure> {
  const tally = new Tally();
  const latencies: number[] = [];
  let index = 0;
  for (const client of clients.values()) {
    countingClient(client, "<message", tally, index % 20 === 0 ? latencies : undefined);
    index += 1;
  }
  const targets = users.map((user) => ({
    client: clients.get(user.username) as LoadClient,
    to: clients.get(user.contacts[0] ?? "")?.jid ?? "",
  }));
  const round = async (number: number): Promise<void> => {
    const delivered = tally.more(targets.length);
    for (const { client, to } of targets) {
      const head = `<message to='${to}' type='chat' id='m${number}'><body>t=${performance.now().toFixed(3)};`;
      const tail = "</body></message>";
      client.send(head + "x".repeat(Math.max(0, 300 - head.length - tail.length)) + tail);
    }
    await delivered;
  };
  for (let warm = 0; warm < 3; warm += 1) await round(warm);
  latencies.length = 0;
  return measured(server, label, "message", async () => {
    for (let number = 0; number < rounds; number += 1) await round(number);
    return { operations: targets.length * rounds, latencies };
  });
}

/** Roster gets, one after the other on each of some connections. */
export async function rosterGets(
  server: ServerUnderTest,
  users: readonly LoadUser[],
  perUser: number,
  label: string,
): Promise<Figure> {
  const clients = await Promise.all(
    users.map(async (user) => {
      const client = new LoadClient(user.username, DOMAIN);
      await client.login(server.plain, PASSWORD, "bench");
      for (let warm = 0; warm < 3; warm += 1) await client.request(rosterGet, "</iq>");
      return client;
    }),
  );
  const latencies: number[] = [];
  const figure = await measured(server, label, "roster get", async () => {
    await Promise.all(
      clients.map(async (client) => {
        for (let i = 0; i < perUser; i += 1) {
          const start = performance.now();
          await client.request(rosterGet, "</iq>");
          latencies.push(performance.now() - start);
        }
      }),
    );
    return { operations: clients.length * perUser, latencies };
  });
  await Promise.all(clients.map((client) => client.close()));
  return figure;
}

/** Roster sets of users with two interested resources: acknowledged, and pushed to both. */
export async function rosterSets(
  server: ServerUnderTest,
  users: readonly LoadUser[],
  perUser: number,
  label: string,
): Promise<Figure> {
  const pairs = await Promise.all(
    users.map(async (user) => {
      const pair: LoadClient[] = [];
      for (const resource of ["one", "two"]) {
        const client = new LoadClient(user.username, DOMAIN);
        await client.login(server.plain, PASSWORD, resource);
        await client.request(rosterGet, "</iq>");
        pair.push(client);
      }
      return { user, one: pair[0] as LoadClient, two: pair[1] as LoadClient };
    }),
  );
  const latencies: number[] = [];
  const set = async ({ user, one, two }: (typeof pairs)[number], number: number): Promise<void> => {
    const tally = new Tally();
    countingClient(one, "<iq", tally);
    countingClient(two, "<iq", tally);
    const contact = user.contacts[number % user.contacts.length];
    const start = performance.now();
    const came = tally.more(3);
    one.send(
      `<iq type='set' id='s${number}'><query xmlns='jabber:iq:roster'><item jid='${contact}@${DOMAIN}' name='Name ${number}'><group>Friends</group></item></query></iq>`,
    );
    await came;
    latencies.push(performance.now() - start);
  };
  for (const pair of pairs) await set(pair, 0);
  latencies.length = 0;
  const figure = await measured(server, label, "roster set", async () => {
    await Promise.all(
      pairs.map(async (pair) => {
        for (let number = 1; number <= perUser; number += 1) await set(pair, number);
      }),
    );
    return { operations: pairs.length * perUser, latencies };
  });
  await Promise.all(pairs.flatMap(({ one, two }) => [one.close(), two.close()]));
  return figure;
}

/** Memory that one logged-in connection holds, which has fetched its roster and does nothing. */
export async function idleMemory(
  server: ServerUnderTest,
  users: readonly LoadUser[],
  endpoint: LoadEndpoint,
  label: string,
): Promise<Figure> {
  // The first logins load code and grow the heap once and for all.
  const early: LoadClient[] = [];
  const late: LoadClient[] = [];
  const enter = async (user: LoadUser, into: LoadClient[]): Promise<void> => {
    const client = new LoadClient(user.username, DOMAIN);
    await client.login(endpoint, PASSWORD, "bench");
    await client.request(rosterGet, "</iq>");
    client.onData = () => {};
    into.push(client);
  };
  await eachOf(users.slice(0, 300), 8, (user) => enter(user, early));
  await eachOf(early, 50, (client) => client.close());
  await quiet(server.pid);
  const before = await settledRss(server.pid);
  const loadBefore = process.cpuUsage();
  const cpuBefore = cpuOf(server.pid);
  const start = performance.now();
  await eachOf(users, 8, (user) => enter(user, late));
  await quiet(server.pid);
  const after = await settledRss(server.pid);
  const load = process.cpuUsage(loadBefore);
  const figure: Figure = {
    server: server.name,
    scenario: label,
    operation: "idle connection",
    operations: users.length,
    wallMs: performance.now() - start,
    serverCpuMs: cpuOf(server.pid) - cpuBefore,
    loadCpuMs: (load.user + load.system) / 1000,
    latencies: [],
    bytesPerOperation: (after - before) / users.length,
  };
  for (const client of late) client.cut();
  await quiet(server.pid);
  return figure;
}

/** Somebody reads the metrics of a server that has so many sessions, again and again. */
export async function scrapes(
  server: ServerUnderTest,
  users: readonly LoadUser[],
  url: string,
  count: number,
  label: string,
): Promise<Figure> {
  const clients = new Map<string, LoadClient>();
  await comeOnline(users, clients, server.plain);
  const accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
  const latencies: number[] = [];
  const scrape = async (): Promise<void> => {
    const start = performance.now();
    const answer = await fetch(url, { headers: { accept } });
    const text = await answer.text();
    if (!text.includes("rollcall_connection_sessions")) throw new Error(`${url} shows no sessions`);
    latencies.push(performance.now() - start);
  };
  for (let warm = 0; warm < 20; warm += 1) await scrape();
  latencies.length = 0;
  const figure = await measured(server, label, "scrape", async () => {
    for (let number = 0; number < count; number += 1) await scrape();
    return { operations: count, latencies };
  });
  for (const client of clients.values()) client.cut();
  await quiet(server.pid);
  return figure;
}

/** The lowest resident size seen in six seconds: what is left when garbage has been collected. */
async function settledRss(pid: Roots): Promise<number> {
  let lowest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 12; i += 1) {
    lowest = Math.min(lowest, rssOf(pid));
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return lowest;
}

/** Connections break without a word, and their users come back. */
export async function disconnectAndReturn(
  server: ServerUnderTest,
  users: readonly LoadUser[],
  clients: Map<string, LoadClient>,
  endpoint: LoadEndpoint,
): Promise<Figure[]> {
  const group = users.filter((_, index) => index % 25 === 12);
  const tally = new Tally();
  for (const [username, client] of clients) {
    if (!group.some((user) => user.username === username)) countingClient(client, "unavailable", tally);
  }
  const perUser = users[0]?.contacts.length ?? 0;
  const leaving = await measured(server, "connection cut, contacts told", "disconnect", async () => {
    const told = tally.more(group.length * perUser);
    for (const user of group) clients.get(user.username)?.cut();
    await told;
    return { operations: group.length };
  });
  const returning = await measured(server, "return after a cut", "login", () =>
    comeOnline(group, clients, endpoint),
  );
  return [leaving, returning];
}
