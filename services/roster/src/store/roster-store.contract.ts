import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { changesSince, contactIn, noSubscription, type RosterChange } from "@rollcall/rfc6121";
import { type BareJid, makeStanza } from "@rollcall/xmpp";
import type { AppliedCommand } from "./command-log.ts";
import type { RosterStore, StoredRoster } from "./roster-store.ts";

const juliet = "juliet@capulet.example" as BareJid;
const romeo = "romeo@montague.example" as BareJid;
const nurse = "nurse@capulet.example" as BareJid;

function item(jid: BareJid, name: string, groups: readonly string[] = []): RosterChange {
  return {
    kind: "put",
    push: false,
    contact: { jid, inRoster: true, name, groups, subscription: noSubscription, request: undefined },
  };
}

function command(sequence: number, event: AppliedCommand["event"] = "set"): AppliedCommand {
  return {
    id: { origin: "node-1", session: 7, sequence },
    event,
    contact: romeo,
    before: noSubscription,
    stanza: undefined,
    confirmed: event === "set",
  };
}

/** What every `RosterStore` does. `create` gives one without any roster. */
export function rosterStoreContract(name: string, create: () => RosterStore): void {
  describe(`${name}: the contract of roster stores`, () => {
    const add = (store: RosterStore, changes: readonly RosterChange[]) =>
      store.update(juliet, () => ({ changes, result: undefined }));

    test("an account that never stored a roster has an empty one", async () => {
      const { roster, commands, edits } = await create().load(juliet);
      assert.equal(roster.version, 0);
      assert.equal(roster.revision, 0);
      assert.equal(roster.contacts.size, 0);
      assert.deepEqual(commands, []);
      assert.equal(edits, undefined);
    });

    test("a contact may be a domain of one word", async () => {
      const store = create();
      const gateway = "gateway" as BareJid;
      await add(store, [item(gateway, "Gateway")]);
      await add(store, [item(romeo, "Romeo")]);
      const { roster } = await store.load(juliet);
      assert.deepEqual([...roster.contacts.keys()], [gateway, romeo]);
    });

    test("what was written is read, with version and revision", async () => {
      const store = create();
      const written = await add(store, [
        item(romeo, 'Romeo & "R"', ["a", "Ä\u{1f339}"]),
        item(nurse, "Nurse"),
      ]);
      assert.equal(written.written, true);
      const { roster } = await store.load(juliet);
      assert.equal(roster.version, 2);
      assert.equal(roster.revision, 1);
      assert.deepEqual(roster.contacts.get(romeo), {
        jid: romeo,
        inRoster: true,
        name: 'Romeo & "R"',
        groups: ["a", "Ä\u{1f339}"],
        subscription: noSubscription,
        request: undefined,
        version: 1,
        revision: 1,
      });
    });

    test("a stored request keeps its whole stanza", async () => {
      const store = create();
      const stanza = makeStanza("presence", {
        type: "subscribe",
        from: romeo,
        to: juliet,
        id: "x1",
        lang: "en",
        payload: '<status>O &lt;3</status><x xmlns="urn:example:x"><y/></x>',
        childName: "status",
        childNamespace: "jabber:client",
        childCount: 2,
      });
      const subscription = { state: "none+pending-in", approved: false } as const;
      await add(store, [
        {
          kind: "put",
          push: false,
          contact: {
            ...contactIn((await store.load(juliet)).roster, romeo),
            subscription,
            request: { stanza, at: 5 },
          },
        },
      ]);
      const { roster } = await store.load(juliet);
      assert.deepEqual(roster.contacts.get(romeo)?.request, { stanza, at: 5 });
      assert.equal(roster.contacts.get(romeo)?.inRoster, false);
      assert.equal(roster.version, 0);
    });

    test("a removed contact is remembered", async () => {
      const store = create();
      await add(store, [item(romeo, "Romeo")]);
      await add(store, [{ kind: "remove", jid: romeo }]);
      const { roster } = await store.load(juliet);
      assert.equal(roster.contacts.size, 0);
      assert.deepEqual([...roster.removed], [[romeo, { version: 2, revision: 2 }]]);
    });

    test("a decision without changes writes nothing, and its result is returned", async () => {
      const store = create();
      const committed = await store.update(juliet, () => ({ changes: [], command: command(1), result: 42 }));
      assert.equal(committed.result, 42);
      assert.equal(committed.written, false);
      assert.deepEqual((await store.load(juliet)).commands, []);
    });

    test("updates of one account take turns in the order of the calls", async () => {
      const store = create();
      const seen: number[] = [];
      await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          store.update(
            juliet,
            ({ roster }) => ({ changes: [item(romeo, `${roster.version}`)], result: i }),
            ({ result, roster }) => {
              seen.push(result);
              assert.equal(roster.version, result + 1);
            },
          ),
        ),
      );
      assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      const { roster } = await store.load(juliet);
      assert.equal(roster.contacts.get(romeo)?.name, "9");
    });

    test("`seen` is called before the next operation of the account decides", async () => {
      const store = create();
      const order: string[] = [];
      const first = store.update(
        juliet,
        () => ({ changes: [item(romeo, "1")], result: undefined }),
        () => order.push("first seen"),
      );
      const second = store.update(juliet, () => {
        order.push("second decides");
        return { changes: [], result: undefined };
      });
      await Promise.all([first, second]);
      assert.deepEqual(order, ["first seen", "second decides"]);
    });

    test("a decision that throws writes nothing and holds nobody up", async () => {
      const store = create();
      await assert.rejects(
        store.update(juliet, () => {
          throw new Error("no");
        }),
        /no/,
      );
      await add(store, [item(romeo, "Romeo")]);
      assert.equal((await store.load(juliet)).roster.version, 1);
    });

    test("accounts do not share anything", async () => {
      const store = create();
      await add(store, [item(romeo, "Romeo")]);
      assert.equal((await store.load(nurse)).roster.contacts.size, 0);
    });

    test("a command is recorded with its change, the last one of each session", async () => {
      const store = create();
      const write = (name: string, recorded: AppliedCommand) =>
        store.update(juliet, () => ({ changes: [item(romeo, name)], command: recorded, result: undefined }));
      await write("1", command(1));
      await write("2", command(2, "out:subscribe"));
      const other = { ...command(1), id: { origin: "node-2", session: 7, sequence: 1 } };
      await write("3", other);
      const { commands } = await store.load(juliet);
      assert.deepEqual(commands, [command(2, "out:subscribe"), other]);
    });

    test("a confirmation is noted, with a change or without one, and once", async () => {
      const store = create();
      const recorded = command(1, "out:subscribe");
      await store.update(juliet, () => ({
        changes: [item(romeo, "1")],
        command: recorded,
        result: undefined,
      }));
      const { roster } = await store.load(juliet);
      const confirm = () =>
        store.update(juliet, () => ({ changes: [], confirmed: [recorded.id], result: 0 }));
      assert.equal((await confirm()).written, true);
      const stored = await store.load(juliet);
      assert.equal(stored.commands[0]?.confirmed, true);
      assert.deepEqual(stored.roster, roster);
      assert.equal((await confirm()).written, false);
      const next = command(2, "out:subscribe");
      await store.update(juliet, () => ({ changes: [item(romeo, "2")], command: next, result: undefined }));
      await store.update(juliet, () => ({
        changes: [item(nurse, "1")],
        confirmed: [next.id],
        result: undefined,
      }));
      assert.ok((await store.load(juliet)).commands.every(({ confirmed }) => confirmed));
    });

    test("a command that owes an answer is recorded without a change, any other is not", async () => {
      const store = create();
      const owing = command(1, "in:subscribe");
      const update = (recorded: typeof owing) =>
        store.update(juliet, () => ({ changes: [], command: recorded, result: undefined }));
      assert.equal((await update({ ...owing, confirmed: true })).written, false);
      assert.equal((await update(command(2, "out:subscribe"))).written, false);
      assert.equal((await update(owing)).written, true);
      assert.deepEqual((await store.load(juliet)).commands, [owing]);
    });

    test("the stanza of a command that owes it is kept", async () => {
      const store = create();
      const stanza = makeStanza("presence", {
        type: "subscribe",
        from: juliet,
        to: romeo,
        id: "s1",
        payload: "<status>%41 it's me, “Juliet”</status>",
        childName: "status",
        childNamespace: "jabber:client",
      });
      const recorded = { ...command(1, "out:subscribe"), stanza };
      await store.update(juliet, () => ({
        changes: [item(romeo, "1")],
        command: recorded,
        result: undefined,
      }));
      assert.deepEqual((await store.load(juliet)).commands, [recorded]);
    });

    test("removing forgets everything, and removing nothing is no error", async () => {
      const store = create();
      const before = (await add(store, [item(romeo, "Romeo")])).roster;
      await store.remove(juliet);
      await store.remove(juliet);
      const stored: StoredRoster = await store.load(juliet);
      assert.ok(stored.roster.revision > before.revision);
      assert.equal(stored.roster.contacts.size, 0);
      assert.equal(stored.edits, undefined);
    });

    test("a version of a removed roster says nothing about the one that follows", async () => {
      const store = create();
      const old = (await add(store, [item(romeo, "Romeo"), item(nurse, "Nurse")])).roster;
      await store.remove(juliet);
      for (const contact of ["a", "b", "c", "d", "e"])
        await add(store, [item(`${contact}@capulet.example` as BareJid, contact)]);
      const { roster } = await store.load(juliet);
      assert.ok(roster.version > old.version);
      assert.equal(changesSince(roster, String(old.version)), undefined);
    });
  });
}
