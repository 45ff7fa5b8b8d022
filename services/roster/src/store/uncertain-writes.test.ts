/** Writes that fail, or that only seem to: in the end clients have been told of everything that the roster says. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { StoreUnavailableError } from "@rollcall/accounts";
import { contactIn, emptyRoster } from "@rollcall/rfc6121";
import { createDirectTransport, createRiakClient } from "@rollcall/riak-client";
import { type EmbeddedRiak, openEmbeddedRiak } from "@rollcall/riak-embedded";
import { silentLogger } from "@rollcall/telemetry";
import type { BareJid } from "@rollcall/xmpp";
import { createRiakRosterStore, rosterBucketProperties } from "./riak-roster-store.ts";
import type { RosterEdits, StoredRoster } from "./roster-store.ts";

const runs = Number(process.env.UNCERTAIN_RUNS ?? 150);
const juliet = "juliet@x.example" as BareJid;
const contacts = ["romeo", "nurse", "tybalt"].map((name) => `${name}@x.example` as BareJid);
const folder = mkdtempSync(join(tmpdir(), "rollcall-uncertain-"));
let riak: EmbeddedRiak;

before(async () => {
  riak = await openEmbeddedRiak({ dir: folder, logger: silentLogger });
});
after(async () => {
  await riak.close();
  rmSync(folder, { recursive: true });
});

function random(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

/** One account, one process, a store that fails as it likes until it is told to stop. */
async function live(seed: number): Promise<{ told: Map<string, string>; roster: Map<string, string> }> {
  const pick = random(seed + 1);
  let isFailing = true;
  const bucket = `uncertain-${seed}`;
  const client = createRiakClient({
    transport: createDirectTransport(async (sent) => {
      if (!isFailing || pick(2) === 0) return riak.handle(sent);
      const busy = { status: 503, headers: {}, body: new Uint8Array() };
      if (sent.method !== "PUT") return busy;
      if (pick(3) === 0) return busy;
      await riak.handle(sent);
      // What a transport does that asks again: the same value stands there twice.
      if (pick(2) === 0) return riak.handle(sent);
      throw new Error("the answer got lost");
    }),
    logger: silentLogger,
  });
  isFailing = false;
  await client.applyBucketProperties(bucket, rosterBucketProperties);
  isFailing = true;
  const store = createRiakRosterStore({ client, clock: { now: () => 0 }, logger: silentLogger, bucket });
  const told = new Map<string, string>();
  const nameIn = ({ roster }: StoredRoster, jid: string): string =>
    roster.contacts.get(jid as BareJid)?.name ?? "absent";
  const tell = (stored: StoredRoster, edits: RosterEdits | undefined): void => {
    for (const jid of edits?.contacts ?? []) {
      // Only what looks later than what clients know is pushed.
      if ((stored.roster.contacts.get(jid)?.version ?? 0) > (edits?.since ?? 0))
        told.set(jid, nameIn(stored, jid));
    }
  };
  const change = async (sequence: number): Promise<void> => {
    const jid = contacts[pick(contacts.length)] as BareJid;
    const id = { origin: "n", session: 1, sequence };
    const contact = { ...contactIn(emptyRoster, jid), inRoster: true, name: `name ${sequence}` };
    await store.update(
      juliet,
      (stored) =>
        stored.commands.some((known) => known.id.sequence === sequence)
          ? { changes: [], result: undefined }
          : {
              changes: [{ kind: "put", contact, push: true }],
              command: {
                id,
                event: "set",
                contact: jid,
                before: contact.subscription,
                stanza: undefined,
                confirmed: true,
              },
              result: undefined,
            },
      (seen) => {
        tell(seen, seen.edits);
        told.set(jid, nameIn(seen, jid));
      },
    );
  };
  for (let sequence = 1; sequence <= 12; sequence += 1) {
    const work = pick(3) === 0 ? store.load(juliet, (seen) => tell(seen, seen.edits)) : change(sequence);
    await work.catch((error: unknown) => assert.ok(error instanceof StoreUnavailableError, String(error)));
  }
  isFailing = false;
  const last = await store.load(juliet, (seen) => tell(seen, seen.edits));
  return {
    told,
    roster: new Map([...last.roster.contacts.keys()].map((jid) => [jid as string, nameIn(last, jid)])),
  };
}

test("whatever fails, clients have heard of all that the roster says", async () => {
  for (let seed = 0; seed < runs; seed += 1) {
    const { told, roster } = await live(seed);
    assert.deepEqual([...told].sort(), [...roster].sort(), `seed ${seed}`);
  }
});
