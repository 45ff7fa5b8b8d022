/**
 * Tests as stories between people. Everybody is fresh: an account of its own, so that stories can share a server and
 * run side by side.
 *
 *   const server = await storyServer();
 *   test("…", story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
 *     await befriend(romeo, juliet);
 *     const balcony = await juliet.online("balcony");
 *     …
 *   }));
 */
import { after } from "node:test";
import { type RunningServer, type ServerOptions, startServer } from "./start-server.ts";
import { Wire } from "./wire.ts";
import type { XmlNode } from "./xml-tree.ts";
import { type LoginOptions, XmppClient } from "./xmpp-client.ts";

let people = 0;

/** Somebody with an account. */
export class Person {
  readonly server: RunningServer;
  readonly username: string;
  readonly domain: string;
  readonly password: string;
  readonly #sessions: XmppClient[] = [];

  constructor(server: RunningServer, username: string, password: string, domain: string) {
    this.server = server;
    this.username = username;
    this.password = password;
    this.domain = domain;
  }

  /** The bare JID. */
  get jid(): string {
    return `${this.username}@${this.domain}`;
  }

  /** Logged in and bound, and nothing more. */
  async connect(resource?: string, options: Partial<LoginOptions> = {}): Promise<XmppClient> {
    const session = await XmppClient.login({
      endpoint: this.server.c2s,
      tls: "none",
      domain: this.domain,
      username: this.username,
      password: this.password,
      resource,
      ...options,
    });
    this.#sessions.push(session);
    return session;
  }

  /** Logged in, with the roster fetched. */
  async interested(resource?: string): Promise<XmppClient> {
    const session = await this.connect(resource);
    await session.roster();
    return session;
  }

  /** Logged in, with the roster fetched and initial presence sent; what that brought is taken out of the inbox. */
  async online(resource?: string, presence = ""): Promise<XmppClient> {
    const session = await this.connect(resource);
    const contacts = (await session.roster()).child("query")?.elements() ?? [];
    await session.presence(presence);
    await session.settled(contacts.map((item) => item.attributes.jid ?? ""));
    session.wire.takeAll();
    return session;
  }

  /** The roster as the server tells it, by JID. */
  async contacts(): Promise<Map<string, XmlNode>> {
    const session = await this.connect();
    const query = (await session.roster()).child("query");
    await session.close();
    return new Map((query?.elements() ?? []).map((item) => [item.attributes.jid ?? "", item]));
  }

  /** Every session ends, quietly. */
  leave(): void {
    for (const session of this.#sessions.splice(0)) session.cut();
  }
}

/** A server for the stories of one test file, stopped when they are over. */
export async function storyServer(options: ServerOptions = {}): Promise<RunningServer> {
  const server = await startServer(options);
  after(() => {
    Wire.cutAll();
    return server.stop();
  });
  return server;
}

/** A fresh person with an account. */
export async function newcomer(server: RunningServer, name: string): Promise<Person> {
  people += 1;
  const username = `${name}-${people}`;
  const password = `${name}'s secret`;
  await server.addUser(`${username}@${server.domain}`, password);
  return new Person(server, username, password, server.domain);
}

/** Runs a story with a fresh person for every name. */
export function story<const Names extends readonly string[]>(
  server: RunningServer,
  names: Names,
  tell: (cast: Record<Names[number], Person>) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const cast: Record<string, Person> = {};
    for (const name of names) cast[name] = await newcomer(server, name);
    try {
      await tell(cast as Record<Names[number], Person>);
    } catch (error) {
      throw withTrouble(error, server);
    } finally {
      for (const person of Object.values(cast)) person.leave();
    }
  };
}

/** The error together with what the server's log said. */
function withTrouble(error: unknown, server: RunningServer): unknown {
  const trouble = server.trouble?.() ?? [];
  if (!(error instanceof Error) || trouble.length === 0) return error;
  // The stack is what reporters print.
  error.stack = `${error.stack}\nthe server had said:\n${trouble.join("\n")}`;
  return error;
}

/** Puts contacts into each other's rosters, as an operator's import does: no stanza is sent. */
export async function befriend(
  one: Person,
  other: Person,
  subscription: "both" | "to" | "from" = "both",
): Promise<void> {
  const back = { both: "both", to: "from", from: "to" } as const;
  await one.server.importRoster(one.jid, { [other.jid]: { subscription } });
  await one.server.importRoster(other.jid, { [one.jid]: { subscription: back[subscription] } });
}
