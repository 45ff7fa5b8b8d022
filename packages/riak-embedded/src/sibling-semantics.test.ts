import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  JSON_BODY,
  keepSiblings,
  openTestStore,
  type TestStore,
  valuesOf,
} from "./testing/open-test-store.ts";

/**
 * Dotted version vectors as sets, the way their definition has them: every write is an event, a context is the set of
 * events its holder has seen, and a write replaces the values whose events are in its context.
 */
class Model {
  #values = new Map<number, string | undefined>();
  #events = new Set<number>();
  #youngest = 0;

  seen(): ReadonlySet<number> {
    return new Set(this.#events);
  }

  write(event: number, value: string | undefined, context: ReadonlySet<number>, now: number): void {
    for (const other of [...this.#values.keys()]) if (context.has(other)) this.#values.delete(other);
    this.#values.set(event, value);
    this.#events.add(event);
    this.#youngest = now;
  }

  /** Tombstones alone go after three seconds. */
  pass(now: number): void {
    if (this.isTombstone() && this.#youngest + 3000 <= now) this.#values.clear();
  }

  isTombstone(): boolean {
    return [...this.#values.values()].every((value) => value === undefined);
  }

  values(): (string | undefined)[] {
    return [...this.#values.values()];
  }
}

type Action =
  | { readonly kind: "read" | "delete"; readonly writer: number }
  | { readonly kind: "write"; readonly writer: number; readonly blind: boolean; readonly learn: boolean }
  | { readonly kind: "wait"; readonly ms: number };

const writer = fc.nat(2);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("read" as const), writer }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      writer,
      blind: fc.boolean(),
      learn: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete" as const), writer }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(1000, 3000) }),
  },
);

interface Writer {
  vclock: string | undefined;
  events: ReadonlySet<number>;
}

test("siblings are what dotted version vectors make of any interleaving of writers", async (t) => {
  const store = await openTestStore();
  t.after(() => store.close());
  await keepSiblings(store, "b");
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 2, maxLength: 20 }), async (actions) => {
      await play(store, `/buckets/b/keys/k${run++}`, actions);
    }),
    { numRuns: 150 },
  );
});

async function play(store: TestStore, path: string, actions: readonly Action[]): Promise<void> {
  const model = new Model();
  const writers: Writer[] = Array.from({ length: 3 }, () => ({ vclock: undefined, events: new Set() }));
  let now = 0;
  for (const [event, step] of actions.entries()) {
    if (step.kind === "wait") {
      now += step.ms;
      store.advance(step.ms);
      model.pass(now);
      continue;
    }
    const who = writers[step.writer]!;
    if (step.kind === "read") {
      const response = await store.send(`GET ${path}`);
      who.vclock = response.headers["x-riak-vclock"];
      who.events = who.vclock === undefined ? new Set() : model.seen();
    } else if (step.kind === "write") {
      const blind = step.blind || who.vclock === undefined;
      const headers = blind ? JSON_BODY : { ...JSON_BODY, "x-riak-vclock": who.vclock! };
      const response = await store.send(`PUT ${path}?returnbody=true`, headers, `"${event}"`);
      model.write(event, `"${event}"`, blind ? new Set() : who.events, now);
      assert.deepEqual(valuesOf(response).sort(), model.values().sort());
      if (step.learn) {
        who.vclock = response.headers["x-riak-vclock"];
        who.events = model.seen();
      }
    } else {
      const headers: Record<string, string> = who.vclock === undefined ? {} : { "x-riak-vclock": who.vclock };
      const response = await store.send(`DELETE ${path}`, headers);
      assert.equal(response.status, model.isTombstone() ? 404 : 204);
      if (!model.isTombstone()) {
        model.write(event, undefined, who.vclock === undefined ? model.seen() : who.events, now);
      }
    }
    const found = await store.send(`GET ${path}`, { accept: "application/json, multipart/mixed, */*" });
    if (model.isTombstone()) assert.equal(found.status, 404);
    else assert.deepEqual(valuesOf(found).sort(), model.values().sort());
  }
}
