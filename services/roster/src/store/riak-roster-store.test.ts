import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { StoreUnavailableError } from "@rollcall/accounts";
import { contactIn, noSubscription, type RosterChange, rosterItems } from "@rollcall/rfc6121";
import { createDirectTransport, createRiakClient, type RiakResponse } from "@rollcall/riak-client";
import { type EmbeddedRiak, openEmbeddedRiak } from "@rollcall/riak-embedded";
import { silentLogger } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import { createRiakRosterStore, RosterStoreCounters, rosterBucketProperties } from "./riak-roster-store.ts";
import { rosterStoreContract } from "./roster-store.contract.ts";
import { type RosterStore, RosterUnreadableError } from "./roster-store.ts";

const juliet = "juliet@capulet.example" as BareJid;
const romeo = "romeo@montague.example" as BareJid;
const nurse = "nurse@capulet.example" as BareJid;
const now = 1_800_000_000_000;

let dir: string;
let riak: EmbeddedRiak;
let fault: (() => Promise<RiakResponse>) | undefined;
const client = createRiakClient({
  transport: createDirectTransport((request) => (fault === undefined ? riak.handle(request) : fault())),
  logger: silentLogger,
});
const buckets = Array.from({ length: 60 }, (_, n) => `xmpp-${n}`);

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "rollcall-rosters-"));
  riak = await openEmbeddedRiak({ dir, logger: silentLogger });
  for (const bucket of buckets) await client.applyBucketProperties(bucket, rosterBucketProperties);
});

after(async () => {
  await client.close();
  await riak.close();
  await rm(dir, { recursive: true });
});

let bucket = "";

/** Every test has a bucket of its own. */
function nextBucket(): string {
  bucket = buckets.shift() ?? assert.fail("more tests than buckets");
  return bucket;
}

function openStore(counters?: RosterStoreCounters): RosterStore {
  return createRiakRosterStore({ client, clock: { now: () => now }, logger: silentLogger, bucket, counters });
}

rosterStoreContract("Riak", () => {
  nextBucket();
  return openStore();
});

rosterStoreContract("Riak, nothing cached", () => {
  nextBucket();
  return createRiakRosterStore({
    client,
    clock: { now: () => now },
    logger: silentLogger,
    bucket,
    cachedAccounts: 0,
  });
});

interface Raw {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function request(method: "GET" | "PUT" | "POST" | "DELETE", headers = {}, body?: string): Promise<Raw> {
  const response = await riak.handle({
    method,
    path: `/riak/${bucket}/${juliet}`,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    body,
    timeoutMs: 1_000,
  });
  return { body: Buffer.from(response.body).toString("utf8"), headers: response.headers };
}

/** What an operator does with curl: writes without having read. */
function writeByHand(roster: object): Promise<Raw> {
  return request("POST", {}, JSON.stringify(roster));
}

/** What an operator does with curl and an editor: reads, changes, writes in place, metadata or not. */
async function editByHand(
  change: (roster: Record<string, unknown>) => void,
  keepMetadata = false,
): Promise<void> {
  const { body, headers } = await request("GET");
  const roster = JSON.parse(body) as Record<string, unknown>;
  change(roster);
  const kept = Object.entries(headers).filter(([name]) => name.startsWith("x-riak-meta-"));
  await request(
    "PUT",
    {
      "x-riak-vclock": headers["x-riak-vclock"] ?? assert.fail("no vclock"),
      ...(keepMetadata ? Object.fromEntries(kept) : {}),
    },
    JSON.stringify(roster),
  );
}

function item(jid: BareJid, name: string): RosterChange {
  return {
    kind: "put",
    push: false,
    contact: { jid, inRoster: true, name, groups: [], subscription: noSubscription, request: undefined },
  };
}

async function names(store: RosterStore): Promise<string[]> {
  const { roster } = await store.load(juliet);
  return [...rosterItems(roster)].map(({ jid, name }) => `${jid}=${name}`).sort();
}

const momentumExample = {
  "test1@test": { name: "test1", groups: ["mytest"], pending_requests: {}, subscription: "both" },
};

describe("rosters that people write by hand", () => {
  let store: RosterStore;
  let counters: RosterStoreCounters;
  const add = (...changes: RosterChange[]) => store.update(juliet, () => ({ changes, result: undefined }));

  beforeEach(() => {
    nextBucket();
    counters = new RosterStoreCounters();
    store = openStore(counters);
  });

  test("the body is what Momentum sites know", async () => {
    await add(item(romeo, "Romeo"));
    assert.deepEqual(JSON.parse((await request("GET")).body), {
      [romeo]: {
        name: "Romeo",
        groups: [],
        subscription: "none",
        pending_requests: {},
        version: 1,
        revision: 1,
      },
    });
  });

  test("an object of Momentum's for an account without a roster is a roster", async () => {
    await writeByHand(momentumExample);
    const { roster, edits } = await store.load(juliet);
    const contact = contactIn(roster, "test1@test" as BareJid);
    assert.equal(contact.name, "test1");
    assert.deepEqual(contact.groups, ["mytest"]);
    assert.deepEqual(contact.subscription, { state: "both", approved: false });
    assert.ok(roster.version > now, "nobody can have a version as high as this");
    assert.deepEqual(edits?.contacts, ["test1@test"]);
    assert.equal((await store.load(juliet)).edits, undefined, "told once");
  });

  test("one for an account with a roster adds, and never wipes", async () => {
    await add(item(romeo, "Romeo"), item(nurse, "Nurse"));
    await writeByHand(momentumExample);
    const { roster, edits } = await store.load(juliet);
    assert.deepEqual([...roster.contacts.keys()].sort(), [nurse, romeo, "test1@test"].sort());
    assert.equal(roster.version, 3);
    assert.deepEqual(edits, { contacts: ["test1@test"], since: 2, granted: ["test1@test"] });
    assert.equal(counters.merges, 1);
    await store.load(juliet);
    assert.equal(counters.merges, 1, "the merge was written");
  });

  test("several of them add up, and what they name is edited", async () => {
    await add(item(romeo, "Romeo"), item(nurse, "Nurse"));
    await writeByHand({ [romeo]: { name: "R." } });
    await writeByHand(momentumExample);
    assert.deepEqual(await names(store), [`${nurse}=Nurse`, `${romeo}=R.`, "test1@test=test1"].sort());
  });

  test("a write of ours that meets one finds it and keeps both", async () => {
    await add(item(romeo, "Romeo"));
    await writeByHand(momentumExample);
    const committed = await add(item(nurse, "Nurse"));
    assert.deepEqual(await names(store), [`${nurse}=Nurse`, `${romeo}=Romeo`, "test1@test=test1"].sort());
    assert.deepEqual(committed.edits?.contacts, ["test1@test"]);
  });

  test("a write by hand between our read and our write is merged, and the decision is made again", async () => {
    await add(item(romeo, "Romeo"));
    let decisions = 0;
    let isWritten: Promise<unknown> = Promise.resolve();
    const racing = createRiakRosterStore({
      client: createRiakClient({
        transport: createDirectTransport(async (sent) => {
          if (sent.method === "PUT" && decisions === 1) {
            isWritten = writeByHand(momentumExample);
            await isWritten;
          }
          return riak.handle(sent);
        }),
        logger: silentLogger,
      }),
      clock: { now: () => now },
      logger: silentLogger,
      bucket,
    });
    const committed = await racing.update(juliet, ({ roster }) => {
      decisions += 1;
      return { changes: roster.contacts.has(nurse) ? [] : [item(nurse, "Nurse")], result: decisions };
    });
    assert.equal(committed.result, 2);
    assert.deepEqual(committed.edits?.contacts, ["test1@test"]);
    assert.deepEqual(await names(store), [`${nurse}=Nurse`, `${romeo}=Romeo`, "test1@test=test1"].sort());
  });

  for (const keepMetadata of [false, true]) {
    const title = keepMetadata ? "with our metadata sent back" : "without our metadata";
    describe(`an edit in place, ${title}`, () => {
      test("holds: added, changed and removed contacts", async () => {
        await add(item(romeo, "Romeo"), item(nurse, "Nurse"));
        const before = (await store.load(juliet)).roster;
        await editByHand((roster) => {
          (roster[romeo] as { name: string }).name = "R.";
          delete roster[nurse];
          Object.assign(roster, momentumExample);
        }, keepMetadata);
        const { roster, edits } = await store.load(juliet);
        assert.deepEqual(await names(store), [`${romeo}=R.`, "test1@test=test1"].sort());
        assert.ok(roster.version > before.version);
        assert.ok(roster.revision > before.revision);
        assert.deepEqual([...(edits?.contacts ?? [])].sort(), [nurse, romeo, "test1@test"].sort());
        assert.ok((roster.removed.get(nurse)?.version ?? 0) > before.version);
      });

      test("is found by a process that did not know the roster, which counts everything as changed", async () => {
        await add(item(romeo, "Romeo"), item(nurse, "Nurse"));
        await editByHand((roster) => {
          (roster[romeo] as { name: string }).name = "R.";
        }, keepMetadata);
        const { roster, edits } = await openStore().load(juliet);
        assert.deepEqual([...(edits?.contacts ?? [])].sort(), [nurse, romeo].sort());
        assert.ok([...rosterItems(roster)].every(({ version }) => version > 2));
        assert.equal((await openStore().load(juliet)).edits, undefined, "taken over for good");
      });
    });
  }

  test("two edits in place before anybody looks leave no version that means two rosters", async () => {
    await writeByHand({ [romeo]: { name: "1" } });
    const first = (await store.load(juliet)).roster.version;
    await request("DELETE");
    await writeByHand({ [romeo]: { name: "2" } });
    const later = createRiakRosterStore({
      client,
      clock: { now: () => now + 1 },
      logger: silentLogger,
      bucket,
    });
    assert.notEqual((await later.load(juliet)).roster.version, first);
  });

  test("fields and values of others survive our writes", async () => {
    await writeByHand({
      [romeo]: { name: "Romeo", shoe_size: 43, pending_requests: { other: [1] }, subscription: "to" },
      note: "not a contact",
      settings: { theme: "dark" },
    });
    await add(item(nurse, "Nurse"));
    await store.update(juliet, ({ roster }) => ({
      changes: [{ kind: "put", push: true, contact: { ...contactIn(roster, romeo), name: "R." } }],
      result: undefined,
    }));
    const body = JSON.parse((await request("GET")).body);
    assert.equal(body[romeo].name, "R.");
    assert.equal(body[romeo].shoe_size, 43);
    assert.deepEqual(body[romeo].pending_requests, { other: [1] });
    assert.equal(body.note, "not a contact");
    assert.deepEqual(body.settings, { theme: "dark" });
  });

  test("keys are taken in canonical form", async () => {
    await writeByHand({ "Romeo@Montague.Example": { name: "Romeo" } });
    assert.deepEqual(await names(store), [`${romeo}=Romeo`]);
  });

  test("nonsense in a contact counts as not said", async () => {
    await writeByHand({
      [romeo]: { name: 7, groups: "x", subscription: "friend", pending_requests: 3, approved: "yes" },
    });
    const { roster } = await store.load(juliet);
    const contact = contactIn(roster, romeo);
    assert.deepEqual(
      [contact.inRoster, contact.name, contact.groups, contact.subscription],
      [true, undefined, [], noSubscription],
    );
  });

  test("a request that others noted without its stanza is one", async () => {
    await writeByHand({ [romeo]: { subscription: "none", pending_requests: { subscribe: true } } });
    const { roster } = await store.load(juliet);
    assert.equal(contactIn(roster, romeo).subscription.state, "none+pending-in");
    assert.equal(contactIn(roster, romeo).request?.stanza.from, romeo);
  });

  test("what is no roster is left alone, and beside a roster left out", async () => {
    await request("PUT", {}, "not json");
    await assert.rejects(store.load(juliet), RosterUnreadableError);
    await assert.rejects(add(item(romeo, "Romeo")), RosterUnreadableError);
    assert.equal((await request("GET")).body, "not json");
    await request("DELETE");
    const { headers } = await request("GET");
    await request(
      "PUT",
      { "x-riak-vclock": headers["x-riak-vclock"] ?? "" },
      JSON.stringify(momentumExample),
    );
    await request("PUT", {}, "not json");
    assert.deepEqual(await names(store), ["test1@test=test1"]);
    assert.equal(counters.unreadableSiblings, 1);
  });

  test("a roster that somebody deleted is empty, clients are told, and nothing is written", async () => {
    await add(item(romeo, "Romeo"));
    await request("DELETE");
    const { roster, edits } = await store.load(juliet);
    assert.equal(roster.contacts.size, 0);
    assert.deepEqual(edits?.contacts, [romeo]);
    assert.equal((await store.load(juliet)).edits, undefined);
    await add(item(nurse, "Nurse"));
    assert.deepEqual(await names(store), [`${nurse}=Nurse`]);
  });
});

describe("the cache", () => {
  test("a roster that has not changed is the same object", async () => {
    nextBucket();
    const counters = new RosterStoreCounters();
    const store = openStore(counters);
    const written = await store.update(juliet, () => ({
      changes: [item(romeo, "Romeo")],
      result: undefined,
    }));
    assert.equal((await store.load(juliet)).roster, written.roster);
    assert.equal(counters.cacheHits, 1);
  });

  test("another process's write is seen, and is no edit", async () => {
    nextBucket();
    const store = openStore();
    await store.update(juliet, () => ({ changes: [item(romeo, "Romeo")], result: undefined }));
    await openStore().update(juliet, () => ({ changes: [item(nurse, "Nurse")], result: undefined }));
    const { roster, edits } = await store.load(juliet);
    assert.equal(roster.contacts.size, 2);
    assert.equal(edits, undefined);
  });

  test("what another owner did meanwhile is nothing to tell: the account was forgotten", async () => {
    nextBucket();
    const store = openStore();
    await store.update(juliet, () => ({ changes: [item(romeo, "Romeo")], result: undefined }));
    store.forget((owner) => owner === juliet);
    await openStore().remove(juliet);
    assert.equal((await store.load(juliet)).edits, undefined);
  });

  test("what is under way when an account is forgotten is not remembered", async () => {
    nextBucket();
    const counters = new RosterStoreCounters();
    const store = openStore(counters);
    const writing = store.update(juliet, () => {
      store.forget((owner) => owner === juliet);
      return { changes: [item(romeo, "Romeo")], result: undefined };
    });
    await writing;
    await store.load(juliet);
    assert.equal(counters.cacheHits, 0);
    await store.load(juliet);
    assert.equal(counters.cacheHits, 1);
  });
});

describe("the metadata", () => {
  test("stays within 6 KB, whatever was removed and recorded", async () => {
    nextBucket();
    const store = openStore();
    const contacts = Array.from({ length: 150 }, (_, i) => `${"ü".repeat(40)}${i}@example.org` as BareJid);
    await store.update(juliet, () => ({ changes: contacts.map((jid) => item(jid, "x")), result: undefined }));
    const before = (await store.load(juliet)).roster.version;
    for (let i = 0; i < 20; i += 1) {
      await store.update(juliet, () => ({
        changes: contacts.slice(i * 7, i * 7 + 7).map((jid) => ({ kind: "remove", jid })),
        command: {
          id: { origin: `node-${i}-${"0".repeat(60)}`, session: i, sequence: 1 },
          event: "out:subscribe",
          contact: romeo,
          before: noSubscription,
          stanza: undefined,
          confirmed: false,
        },
        result: undefined,
      }));
    }
    const { headers } = await request("GET");
    let bytes = 0;
    for (const [header, value] of Object.entries(headers)) {
      if (header.startsWith("x-riak-meta-")) bytes += value.length;
    }
    assert.ok(bytes <= 6_000, `${bytes} bytes`);
    const { roster, commands } = await openStore().load(juliet);
    assert.deepEqual((await store.load(juliet)).roster.removed, roster.removed, "memory and store agree");
    assert.ok(roster.removed.size > 5);
    assert.ok(roster.removalsKnownSince > before);
    assert.ok(commands.length >= 10);
  });
});

describe("faults", () => {
  test("a store that does not answer is unavailable, and the roster is fine afterwards", async () => {
    nextBucket();
    const store = openStore();
    fault = async () => {
      throw new Error("gone");
    };
    await assert.rejects(store.load(juliet), StoreUnavailableError);
    fault = async () => ({ status: 503, headers: {}, body: new Uint8Array() });
    await assert.rejects(
      store.update(juliet, () => ({ changes: [item(romeo, "Romeo")], result: undefined })),
      StoreUnavailableError,
    );
    fault = undefined;
    assert.equal((await store.load(juliet)).roster.version, 0);
  });

  test("a write that failed and happened all the same is told to clients, once", async () => {
    nextBucket();
    let fails = false;
    const store = createRiakRosterStore({
      client: createRiakClient({
        transport: createDirectTransport(async (sent) => {
          const answer = await riak.handle(sent);
          if (fails && sent.method === "PUT") throw new Error("the answer got lost");
          return answer;
        }),
        logger: silentLogger,
      }),
      clock: { now: () => now },
      logger: silentLogger,
      bucket,
    });
    const add = (jid: BareJid) =>
      store.update(juliet, () => ({ changes: [item(jid, "x")], result: undefined }));
    let since = 0;
    for (const jid of [romeo, nurse]) {
      fails = true;
      await assert.rejects(add(jid), StoreUnavailableError);
      fails = false;
      const { roster, edits } = await store.load(juliet);
      assert.ok(roster.contacts.has(jid));
      assert.deepEqual(edits, { contacts: [jid], since });
      assert.equal((await store.load(juliet)).edits, undefined);
      since = roster.version;
    }
  });

  test("what was to be told and could not, since the next write failed too, is told later", async () => {
    nextBucket();
    let failure: "none" | "written" | "not written" = "none";
    const store = createRiakRosterStore({
      client: createRiakClient({
        transport: createDirectTransport(async (sent) => {
          if (failure === "none" || sent.method !== "PUT") return riak.handle(sent);
          if (failure === "written") await riak.handle(sent);
          throw new Error("the answer got lost");
        }),
        logger: silentLogger,
      }),
      clock: { now: () => now },
      logger: silentLogger,
      bucket,
    });
    const add = (jid: BareJid) =>
      store.update(juliet, () => ({ changes: [item(jid, "x")], result: undefined }));
    failure = "written";
    await assert.rejects(add(romeo), StoreUnavailableError);
    failure = "not written";
    await assert.rejects(add(nurse), StoreUnavailableError);
    failure = "none";
    assert.deepEqual((await store.load(juliet)).edits, { contacts: [romeo], since: 0 });
    assert.equal((await store.load(juliet)).edits, undefined);
  });
});
