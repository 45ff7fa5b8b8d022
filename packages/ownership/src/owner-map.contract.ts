/** What every map of owners must do. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PARTITIONS } from "@rollcall/contracts";
import type { Owner, OwnerMap, Ownership } from "./ownership.ts";

export interface OwnerMapUnderTest {
  readonly map: OwnerMap;
  /** An instance that owns every partition that the map's own process does not. */
  readonly owner: Ownership & OwnerMap;
  /** Resolves when nothing moves any more and the map has seen it. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export function ownerMapContract(name: string, make: () => Promise<OwnerMapUnderTest>): void {
  const withMap = async (run: (made: OwnerMapUnderTest) => Promise<void>): Promise<void> => {
    const made = await make();
    try {
      await made.settle();
      await run(made);
    } finally {
      await made.close();
    }
  };
  const owners = (map: OwnerMap): (Owner | undefined)[] =>
    Array.from({ length: PARTITIONS }, (_, partition) => map.ownerOf(partition));

  describe(`${name} keeps the contract of an owner map`, () => {
    test("it knows every owner and epoch as the owner does, and the members", () =>
      withMap(async ({ map, owner }) => {
        assert.equal(map.isCurrent, true);
        assert.deepEqual(owners(map), owners(owner));
        assert.ok(owners(map).every((each) => each !== undefined && each.epoch <= map.revision));
        assert.deepEqual([...map.members()].sort(), [...owner.members()].sort());
      }));

    test("each change is told, after it has happened, and nothing else is", () =>
      withMap(async ({ map, owner, settle }) => {
        const known = owners(map);
        const stop = map.onChange((partition) => {
          assert.notDeepEqual(map.ownerOf(partition), known[partition]);
          known[partition] = map.ownerOf(partition);
        });
        map.onChange(() => {
          throw new Error("a listener that throws");
        });
        await owner.release();
        await settle();
        assert.deepEqual(known, owners(map));
        stop();
      }));

    test("an owner that proved to be one is believed when its epoch is the higher one, and told", () =>
      withMap(async ({ map }) => {
        const told: number[] = [];
        const stop = map.onChange((partition) => void told.push(partition));
        const known = map.ownerOf(3);
        const epoch = known?.epoch ?? 0;
        map.note(3, { instanceId: "somebody", epoch });
        assert.deepEqual([map.ownerOf(3), told], [known, []]);
        const later = { instanceId: "somebody", epoch: epoch + 1_000 };
        map.note(3, later);
        map.note(3, later);
        stop();
        assert.deepEqual([map.ownerOf(3), told], [later, [3]]);
      }));
  });
}
