/**
 * `kill -9` under roster load, again and again on the same data: no acknowledged change is missing afterwards, and the
 * two rosters of every subscription agree once everybody is back. KILLS and KILL_SEED change how often, and repeat a run.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, ServerProcess, type XmlNode, XmppClient } from "@rollcall/testkit";
import { disagreements, RosterHistory, repeated, type Subscription } from "./roster-history.ts";

const kills = Number(process.env.KILLS ?? 50);
const seed = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000);
const people = ["ada", "ben", "cleo", "dan"];
const resources = ["desk", "phone"];
const contactsPerSession = 3;
const domain = "localhost";

/** A small generator of repeatable numbers (mulberry32). */
function random(start: number): (below: number) => number {
  let state = start >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const pick = random(seed);
const history = new RosterHistory();
let names = 0;
let server: ServerProcess;

before(async () => {
  server = await ServerProcess.create({ ROLLCALL_TLS_REQUIRED: "false", ROLLCALL_LOG_LEVEL: "warn" });
  await server.start();
  for (const person of people) await server.addUser(jidOf(person), "secret");
  await server.end("SIGTERM");
});
after(() => server.remove());

function jidOf(person: string): string {
  return `${person}@${domain}`;
}

interface Session {
  readonly person: string;
  readonly resource: string;
  readonly client: XmppClient;
}

async function loginAll(): Promise<Session[]> {
  return Promise.all(
    people.flatMap((person) =>
      resources.map(async (resource) => ({
        person,
        resource,
        client: await XmppClient.login({
          endpoint: server.c2s,
          tls: "none",
          domain,
          username: person,
          password: "secret",
          resource,
        }),
      })),
    ),
  );
}

function itemsOf(roster: XmlNode): Map<string, XmlNode> {
  return new Map(listOf(roster).map((item) => [item.attributes.jid ?? "", item]));
}

function listOf(roster: XmlNode): readonly XmlNode[] {
  return roster.child("query")?.elements() ?? [];
}

/** The contacts that one session alone changes. */
function ownContacts({ person, resource }: Session): string[] {
  return Array.from({ length: contactsPerSession }, (_, i) => `${resource}${i}-of-${person}@${domain}`);
}

function wants(item: XmlNode | undefined): boolean {
  return (
    item !== undefined &&
    (item.attributes.ask !== undefined || /^(to|both)$/.test(item.attributes.subscription ?? ""))
  );
}

/** Compares what the server says after a start with the history. */
async function look(sessions: readonly Session[]): Promise<string[]> {
  const problems: string[] = [];
  for (const session of sessions) {
    const roster = await session.client.roster();
    const items = itemsOf(roster);
    const jids = listOf(roster).map((item) => item.attributes.jid ?? "");
    problems.push(...repeated(session.person, jids));
    for (const contact of ownContacts(session)) {
      problems.push(
        ...history.observe(`${session.person}: ${contact}`, items.get(contact)?.attributes.name ?? "absent"),
      );
    }
    if (session.resource !== resources[0]) continue;
    for (const other of people.filter((name) => name !== session.person)) {
      const value = wants(items.get(jidOf(other))) ? "wanted" : "absent";
      problems.push(...history.observe(`${session.person} → ${other}`, value));
    }
    problems.push(...history.observeVersion(session.person, roster.child("query")?.attributes.ver ?? "0"));
  }
  return problems;
}

/** Sets and removes contacts, one after the other, until the connection breaks. */
async function changeContacts(session: Session): Promise<never> {
  const contacts = ownContacts(session);
  for (;;) {
    const contact = contacts[pick(contacts.length)] ?? "";
    const entry = `${session.person}: ${contact}`;
    const present = itemsOf(await session.client.roster()).has(contact);
    names += 1;
    const value = present && pick(4) === 0 ? "absent" : `name ${names}`;
    history.intend(entry, value);
    const what = value === "absent" ? `subscription='remove'` : `name='${value}'`;
    const answer = await session.client.request(
      "set",
      `<query xmlns='jabber:iq:roster'><item jid='${contact}' ${what}/></query>`,
    );
    assert.equal(answer.type, "result", answer.toString());
    history.acknowledge(entry, session.person);
  }
}

/** Subscribes to others and unsubscribes again, one after the other, until the connection breaks. */
async function changeSubscriptions(session: Session): Promise<never> {
  const { client, person } = session;
  const others = people.filter((name) => name !== person);
  for (;;) {
    const other = others[pick(others.length)] ?? "";
    const wanted = wants(itemsOf(await client.roster()).get(jidOf(other)));
    const isPush = (stanza: XmlNode): boolean =>
      stanza.name === "iq" && stanza.type === "set" && itemsOf(stanza).has(jidOf(other));
    while (client.wire.inbox.some(isPush)) await client.wire.take(isPush);
    history.intend(`${person} → ${other}`, wanted ? "absent" : "wanted");
    client.send(`<presence to='${jidOf(other)}' type='${wanted ? "unsubscribe" : "subscribe"}'/>`);
    await client.wire.take(
      (stanza) => isPush(stanza) && wants(itemsOf(stanza).get(jidOf(other))) !== wanted,
      "the push",
    );
    history.acknowledge(`${person} → ${other}`, person);
  }
}

/** Approves every request, until the connection breaks. That none comes for a while is no fault. */
async function approve({ client }: Session): Promise<never> {
  for (;;) {
    const request = await client.receive("presence", { type: "subscribe" }).catch((error: Error) => {
      if (!error.message.startsWith("nothing came")) throw error;
    });
    if (request !== undefined) client.send(`<presence to='${request.from}' type='subscribed'/>`);
  }
}

/** What ends when the connection does, and only then. */
async function untilBroken(work: Promise<never>): Promise<void> {
  await work.catch((error: Error) => {
    if (!/connection closed|ECONNRESET|EPIPE/.test(error.message)) throw error;
  });
}

/**
 * Starts the server and brings everybody online: nothing that was acknowledged is missing, and sooner or later both
 * rosters of every subscription agree.
 * @param when names the start in a failure
 */
async function comeBack(when: string): Promise<{ sessions: Session[]; approving: Promise<void>[] }> {
  await server.start();
  const sessions = await loginAll();
  assert.deepEqual(await look(sessions), [], when);
  const approving = sessions.map((session) => untilBroken(approve(session)));
  for (const { client } of sessions) client.send("<presence/>");
  let last: string[] = [];
  try {
    await eventually("both rosters of every subscription agree", async () => {
      const rosters = new Map<string, Map<string, XmlNode>>();
      for (const { person, resource, client } of sessions) {
        if (resource === resources[0]) rosters.set(person, itemsOf(await client.roster()));
      }
      last = disagreements(subscriptionsOf(rosters));
      return last.length === 0;
    });
  } catch (error) {
    // The clients go first, so that this failure is all that is told.
    await server.end("SIGKILL");
    await Promise.all(approving);
    assert.deepEqual(last, [], when);
    throw error;
  }
  return { sessions, approving };
}

test(`${kills} times kill -9 under load lose no acknowledged change (seed ${seed})`, async (t) => {
  let caughtInTheAct = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    const { sessions, approving } = await comeBack(`after kill ${kill}, seed ${seed}`);
    const enough = history.acknowledgements + 5 + pick(60);
    const changing = sessions.map((session) =>
      untilBroken(session.resource === resources[0] ? changeSubscriptions(session) : changeContacts(session)),
    );
    const work = Promise.all([...approving, ...changing]);
    await Promise.race([
      eventually("enough was acknowledged", () => history.acknowledgements >= enough),
      work,
    ]);
    if (history.underWay > 0) caughtInTheAct += 1;
    await server.end("SIGKILL");
    await work;
  }
  t.diagnostic(
    `${history.acknowledgements} changes were acknowledged; ${caughtInTheAct} kills came in the middle of some`,
  );
  assert.ok(history.acknowledgements >= kills * 5);
  assert.ok(caughtInTheAct >= kills / 2, `only ${caughtInTheAct} kills came in the middle of a change`);

  const { approving } = await comeBack(`after the last kill, seed ${seed}`);
  assert.equal(await server.end("SIGTERM"), 0);
  await Promise.all(approving);
});

function subscriptionsOf(rosters: ReadonlyMap<string, ReadonlyMap<string, XmlNode>>): Subscription[] {
  const value = (owner: string, other: string): XmlNode | undefined => rosters.get(owner)?.get(jidOf(other));
  return people.flatMap((subscriber) =>
    people
      .filter((contact) => contact !== subscriber)
      .map((contact) => ({
        subscriber,
        contact,
        here: value(subscriber, contact)?.attributes.subscription ?? "none",
        asks: value(subscriber, contact)?.attributes.ask !== undefined,
        there: value(contact, subscriber)?.attributes.subscription ?? "none",
      })),
  );
}
