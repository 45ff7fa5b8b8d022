import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { BusError, type SendOptions } from "@rollcall/bus";
import { channels, partitionOf } from "@rollcall/contracts";
import { createMemoryRosterStore } from "./store/memory-roster-store.ts";
import { openStage, people, type RosterStage, type StageOptions } from "./testing/roster-stage.ts";

const [juliet, romeo] = people;

let stage: RosterStage;

async function open(options?: StageOptions): Promise<RosterStage> {
  stage = await openStage(options);
  return stage;
}

afterEach(async () => {
  await stage.close();
});

describe("an owner that another one has followed", () => {
  test("says in whose name it speaks", async () => {
    const named: (SendOptions["actingFor"] | undefined)[] = [];
    await open({ onSend: (options) => void named.push(options?.actingFor) });
    await stage.presence(juliet, "subscribe", romeo);
    assert.ok(named.length > 2);
    assert.deepEqual(
      [...new Set(named.map((one) => JSON.stringify(one)))].sort(),
      [juliet, romeo].map((account) => JSON.stringify({ address: "roster-owner", account })),
    );
  });

  test("leaves a command to that one, without an answer of its own and without trying again", async () => {
    let published = 0;
    await open({
      onPublish: (channel) => {
        if (channel !== channels.presenceCommands.name) return undefined;
        published += 1;
        return Promise.reject(new BusError("fenced", "there is a later owner"));
      },
    });
    await stage.rosterSet(juliet, '<item jid="romeo@x.example"/>');
    assert.equal(published, 1);
    assert.equal(stage.service.counters.fenced, 1);
    assert.deepEqual(stage.effects, []);
  });

  test("leaves what is owed to a contact to that one", async () => {
    const store = createMemoryRosterStore();
    await open({
      store,
      onPublish: (channel) =>
        channel === channels.inboundSubscriptions.name
          ? Promise.reject(new BusError("fenced", "there is a later owner"))
          : undefined,
    });
    await stage.presence(juliet, "subscribe", romeo);
    assert.equal(stage.service.counters.handOversFailed, 0);
    assert.deepEqual(stage.effects, [], "the session is not told that it was done");
    await open({ store, instanceId: "roster-2" });
    await stage.view(juliet);
    await stage.settled();
    assert.equal(await stage.state(romeo, juliet), "none+pending-in");
  });
});

describe("a partition that comes back", () => {
  test("is read anew: what another owner has not noted as done is done again", async () => {
    const store = createMemoryRosterStore();
    const forgotten: string[] = [];
    await open({
      store: { ...store, forget: (isLost) => forgotten.push(...people.filter((jid) => isLost(jid))) },
    });
    await stage.presence(juliet, "subscribe", romeo);
    stage.take();
    await stage.view(juliet);
    assert.deepEqual(stage.take(), [], "handed over, and known to be");
    stage.service.partitions.lost(partitionOf(juliet));
    await stage.service.partitions.gained(partitionOf(juliet), 2);
    assert.deepEqual([...new Set(forgotten)], [juliet]);
    await stage.view(juliet);
    await stage.settled();
    // Whose owner remembers that it has told the sessions.
    assert.deepEqual(stage.take(), ["romeo <- subscribe of juliet"]);
    assert.equal(await stage.state(romeo, juliet), "none+pending-in");
  });
});
