import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createDirectTransport } from "./direct-transport.ts";
import { RiakError } from "./riak-error.ts";
import type { RiakRequest, RiakResponse } from "./riak-transport.ts";

const get: RiakRequest = { method: "GET", path: "/ping", headers: {}, body: undefined, timeoutMs: 5_000 };
const put: RiakRequest = { ...get, method: "PUT" };
const pong: RiakResponse = { status: 200, headers: {}, body: Buffer.from("OK") };
const failure =
  (code: string, maybeWritten: boolean) =>
  (error: unknown): boolean =>
    error instanceof RiakError && error.code === code && error.maybeWritten === maybeWritten;

describe("the direct transport", () => {
  test("hands the request to the store and its response back", async () => {
    const seen: RiakRequest[] = [];
    const transport = createDirectTransport(async (request) => {
      seen.push(request);
      return pong;
    });
    assert.equal(await transport.send(get), pong);
    assert.deepEqual(seen, [get]);
  });

  test("a store that throws, at once or later, is unavailable; a write may have happened", async () => {
    const later = createDirectTransport(() => Promise.reject(new Error("disk")));
    const atOnce = createDirectTransport(() => {
      throw new Error("disk");
    });
    await assert.rejects(later.send(get), failure("unavailable", false));
    await assert.rejects(later.send(put), failure("unavailable", true));
    await assert.rejects(atOnce.send(put), failure("unavailable", true));
  });

  test("a store that does not answer is given up after the time limit", async () => {
    const transport = createDirectTransport(() => new Promise(() => {}));
    const waiting = transport.send({ ...put, timeoutMs: 1 });
    // The transport's timers hold no process alive; this one holds the test.
    const alive = setInterval(() => {}, 1_000);
    await assert.rejects(waiting, failure("timeout", true));
    clearInterval(alive);
  });

  test("closing ends what is under way and takes nothing new", async () => {
    const transport = createDirectTransport(() => new Promise(() => {}));
    const waiting = assert.rejects(transport.send(put), failure("closed", true));
    await transport.close();
    await waiting;
    await assert.rejects(transport.send(get), failure("closed", false));
  });

  test("more than ten thousand requests at once are refused", async () => {
    const transport = createDirectTransport(() => new Promise(() => {}));
    const waiting = Array.from({ length: 10_000 }, () => transport.send(get).catch(() => {}));
    await assert.rejects(transport.send(put), failure("overloaded", false));
    await transport.close();
    await Promise.all(waiting);
  });
});
