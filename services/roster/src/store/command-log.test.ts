import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { noSubscription } from "@rollcall/rfc6121";
import { type BareJid, makeStanza } from "@rollcall/xmpp";
import {
  type AppliedCommand,
  type CommandLog,
  confirmCommands,
  findCommand,
  maxCommands,
  mergeLogs,
  owedStanzas,
  recordCommand,
} from "./command-log.ts";

const juliet = "juliet@x.example" as BareJid;
const romeo = "romeo@x.example" as BareJid;

function command(session: number, sequence: number, parts: Partial<AppliedCommand> = {}): AppliedCommand {
  return {
    id: { origin: "n", session, sequence },
    event: "out:subscribe",
    contact: romeo,
    before: noSubscription,
    stanza: undefined,
    confirmed: false,
    ...parts,
  };
}

describe("the log of commands", () => {
  test("knows the last command of a session, and that those before it are older", () => {
    const log = [command(1, 5)];
    assert.equal(findCommand(log, { origin: "n", session: 1, sequence: 5 }), log[0]);
    assert.equal(findCommand(log, { origin: "n", session: 1, sequence: 4 }), "older");
    assert.equal(findCommand(log, { origin: "n", session: 1, sequence: 6 }), undefined);
    assert.equal(findCommand(log, { origin: "m", session: 1, sequence: 4 }), undefined);
  });

  test("is bounded, and lets go of what owes nothing first", () => {
    let log: CommandLog = [command(0, 1)];
    for (let session = 1; session <= maxCommands + 3; session += 1) {
      log = recordCommand(log, command(session, 1, { event: "set", confirmed: true }));
    }
    assert.equal(log.length, maxCommands);
    assert.equal(log[0]?.id.session, 0);
  });

  test("does not owe a contact that has spoken since what it would take for a later answer", () => {
    const subscribed = command(1, 1, {
      event: "out:subscribed",
      before: { state: "none+pending-in" } as never,
    });
    const answered = command(2, 1, { event: "in:subscribe", before: { state: "from" } as never });
    const denied = command(3, 1, { event: "out:unsubscribed", before: { state: "from" } as never });
    const owes = (...log: AppliedCommand[]): boolean[] =>
      log.reduce(recordCommand, [] as CommandLog).map(({ confirmed }) => !confirmed);
    const unsubscribes = command(9, 9, { event: "in:unsubscribe", confirmed: true });
    const asksAgain = command(9, 9, { event: "in:subscribe", confirmed: true });
    assert.deepEqual(owes(subscribed, unsubscribes), [false, false]);
    assert.deepEqual(owes(answered, unsubscribes), [false, false]);
    assert.deepEqual(owes(answered, asksAgain), [false, false]);
    // What the account has decided itself the contact has to hear.
    assert.deepEqual(owes(subscribed, asksAgain), [true, false]);
    assert.deepEqual(owes(denied, asksAgain), [true, false]);
    const nurse = "nurse@x.example" as BareJid;
    assert.deepEqual(owes(subscribed, { ...unsubscribes, contact: nurse }), [true, false]);
  });

  test("owes no automatic unsubscribed", () => {
    const unsubscribes = command(1, 1, { event: "in:unsubscribe", before: { state: "from" } as never });
    assert.deepEqual(owedStanzas(juliet, unsubscribes), []);
  });

  test("keeps what a session still owes one contact when the session goes on to others", () => {
    const nurse = "nurse@x.example" as BareJid;
    const log = [command(1, 6, { contact: nurse }), command(1, 7, { event: "set", confirmed: true })].reduce(
      recordCommand,
      [command(1, 5)] as CommandLog,
    );
    assert.deepEqual(
      log.map(({ id, confirmed }) => [id.sequence, confirmed]),
      [
        [5, false],
        [6, false],
        [7, true],
      ],
    );
    assert.equal(findCommand(log, command(1, 5).id), "older");
    assert.deepEqual(recordCommand(confirmCommands(log, [log[0]!.id, log[1]!.id]), command(1, 8)), [
      command(1, 8),
    ]);
  });

  test("what a contact is owed is void once it is owed something later on the same side", () => {
    const outstanding = (before: AppliedCommand, later: Partial<AppliedCommand>) =>
      recordCommand([before], command(2, 1, later))
        .filter(({ confirmed }) => !confirmed)
        .map(({ id }) => id.session);
    const subscribed = { state: "none+pending-in", approved: false } as const;
    assert.deepEqual(
      outstanding(command(1, 5), { event: "out:unsubscribe", before: { state: "to", approved: false } }),
      [2],
    );
    assert.deepEqual(outstanding(command(1, 5), { event: "out:subscribed", before: subscribed }), [1, 2]);
    assert.deepEqual(
      outstanding(command(1, 5), { event: "remove", before: { state: "both", approved: false } }),
      [2],
    );
    assert.deepEqual(outstanding(command(1, 5), { event: "set" }), [1, 2]);
  });

  test("a confirmation drops the stanza", () => {
    const stanza = makeStanza("presence", { type: "subscribe" });
    const [confirmed] = confirmCommands([command(1, 1, { stanza })], [command(1, 1).id]);
    assert.deepEqual([confirmed?.confirmed, confirmed?.stanza], [true, undefined]);
  });

  test("merged logs have the latest command of each session, whatever their order", () => {
    const left = [command(1, 5), command(2, 1)];
    const right = [command(1, 6), command(2, 1, { confirmed: true })];
    const expected = [command(1, 6), command(2, 1, { confirmed: true })];
    assert.deepEqual(mergeLogs([left, right]), expected);
    assert.deepEqual(mergeLogs([right, left]), expected);
    const owing = [command(1, 5), command(1, 6)];
    assert.deepEqual(mergeLogs([left, owing]), [...owing, command(2, 1)]);
    assert.deepEqual(mergeLogs([owing, left]), [...owing, command(2, 1)]);
  });
});

describe("what a command owes", () => {
  const owed = (parts: Partial<AppliedCommand>) =>
    owedStanzas(juliet, command(1, 1, parts)).map(({ id, to, stanza }) => [
      id.origin,
      to,
      stanza.type,
      stanza.from,
    ]);

  test("the stanza itself where it is routed, a reply where one is due", () => {
    assert.deepEqual(owed({}), [["n/subscribe", romeo, "subscribe", juliet]]);
    assert.deepEqual(owed({ event: "in:subscribe", before: { state: "from", approved: false } }), [
      ["n/subscribed", romeo, "subscribed", juliet],
    ]);
    assert.deepEqual(owed({ event: "in:subscribe" }), []);
    assert.deepEqual(owed({ event: "set" }), []);
  });

  test("a removal two stanzas, under ids of their own", () => {
    assert.deepEqual(owed({ event: "remove", before: { state: "both", approved: false } }), [
      ["n/unsubscribe", romeo, "unsubscribe", juliet],
      ["n/unsubscribed", romeo, "unsubscribed", juliet],
    ]);
  });
});
