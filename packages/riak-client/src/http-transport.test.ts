import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Logger, silentLogger } from "@rollcall/telemetry";
import { createHttpTransport, type HttpTransport, type HttpTransportOptions } from "./http-transport.ts";
import { answer, keyStream, recorded, returned } from "./recorded.ts";
import { RiakError } from "./riak-error.ts";
import type { RiakRequest } from "./riak-transport.ts";
import { type PeerAnswer, type ScriptedPeer, startScriptedPeer } from "./scripted-peer.ts";

const get: RiakRequest = {
  method: "GET",
  path: "/buckets/b/keys/k",
  headers: {},
  body: undefined,
  timeoutMs: 3_000,
};
const put: RiakRequest = {
  ...get,
  method: "PUT",
  headers: { "content-type": "application/json" },
  body: "1",
};

type Script = Parameters<typeof startScriptedPeer>[0];

async function withNodes(
  scripts: readonly Script[],
  options: Partial<HttpTransportOptions>,
  run: (transport: HttpTransport, peers: readonly ScriptedPeer[]) => Promise<void>,
): Promise<void> {
  const peers = await Promise.all(scripts.map((script) => startScriptedPeer(script)));
  const transport = createHttpTransport({
    hosts: peers.map(({ url }) => url),
    logger: silentLogger,
    healthIntervalMs: 0,
    backoffMs: 1,
    ...options,
  });
  try {
    await run(transport, peers);
  } finally {
    await transport.close();
    await Promise.all(peers.map((peer) => peer.close()));
  }
}

const always =
  (reply: PeerAnswer): Script =>
  () =>
    reply;
const inTurn =
  (...replies: PeerAnswer[]): Script =>
  (_request, count) =>
    replies[count] ?? (replies.at(-1) as PeerAnswer);

async function failureOf(operation: Promise<unknown>): Promise<RiakError> {
  try {
    await operation;
  } catch (error) {
    assert.ok(error instanceof RiakError, String(error));
    return error;
  }
  assert.fail("expected a failure");
}

/** A port on which nobody listens. */
async function closedPort(): Promise<string> {
  const peer = await startScriptedPeer(always(recorded.pong));
  await peer.close();
  return peer.url;
}

const asked = (peers: readonly ScriptedPeer[]): number[] => peers.map(({ requests }) => requests.length);

describe("the HTTP transport", () => {
  test("takes an answer that came while the process stood still, and does not ask again", async () => {
    const standStill: Script = () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
      return recorded.pong;
    };
    await withNodes([standStill], { attemptTimeoutMs: 200 }, async (transport, peers) => {
      assert.equal((await transport.send(get)).status, 200);
      assert.deepEqual(asked(peers), [1]);
    });
  });

  test("a node that is starting is passed over for one that serves", async () => {
    for (const trouble of [recorded.noRoute, recorded.insufficientVnodes, recorded.allNodesDown]) {
      await withNodes([always(trouble), always(recorded.found)], {}, async (transport, peers) => {
        for (let i = 0; i < 4; i++) assert.equal((await transport.send(get)).status, 200);
        assert.ok((peers[0]?.requests.length ?? 0) > 0, "it was asked");
      });
    }
  });

  test("a node that refuses connections is passed over, for writes as well", async () => {
    const dead = await closedPort();
    await withNodes([always(returned("1"))], {}, async (_unused, [peer]) => {
      const hosts = [dead, (peer as ScriptedPeer).url];
      const transport = createHttpTransport({
        hosts,
        logger: silentLogger,
        healthIntervalMs: 0,
        backoffMs: 1,
      });
      for (let i = 0; i < 4; i++) {
        const response = await transport.send(put);
        assert.equal(response.status, 200);
        assert.equal(response.maybeWritten, undefined);
      }
      await transport.close();
    });
  });

  test("a listing begins at another host where one refuses connections, and frees its connection at the end", async () => {
    const dead = await closedPort();
    await withNodes([always(keyStream(['{"keys":["a"]}']))], {}, async (_unused, [peer]) => {
      const hosts = [dead, (peer as ScriptedPeer).url];
      const transport = createHttpTransport({
        hosts,
        logger: silentLogger,
        healthIntervalMs: 0,
        backoffMs: 1,
      });
      for (let i = 0; i < 3; i++) {
        const response = await transport.stream?.(get);
        const chunks: Uint8Array[] = [];
        for await (const chunk of response?.body ?? []) chunks.push(chunk);
        assert.equal(Buffer.concat(chunks).toString(), '{"keys":["a"]}');
      }
      assert.deepEqual(
        transport.hosts().map(({ outstanding }) => outstanding),
        [0, 0],
      );
      await transport.close();
      assert.equal((await failureOf(transport.stream?.(get) ?? Promise.resolve())).code, "closed");
    });
  });

  test("a write that may have happened is repeated once more elsewhere, and the answer says so", () =>
    withNodes([inTurn(recorded.unconfirmed, returned("1"))], {}, async (transport, [peer]) => {
      const response = await transport.send(put);
      assert.equal(response.status, 200);
      assert.equal(response.maybeWritten, true);
      assert.deepEqual(
        peer?.requests.map(({ body }) => body),
        ["1", "1"],
      );
    }));

  test("a failure after a write that may have happened keeps saying so", () =>
    withNodes([inTurn({ kind: "reset" }, recorded.allNodesDown)], { attempts: 2 }, async (transport) => {
      const response = await transport.send(put);
      assert.equal(response.status, 500);
      assert.equal(response.maybeWritten, true);
    }));

  test("a POST that may have happened is not repeated", () =>
    withNodes([always(recorded.unconfirmed)], {}, async (transport, peers) => {
      assert.equal((await transport.send({ ...put, method: "POST" })).status, 503);
      assert.deepEqual(asked(peers), [1]);
    }));

  test("answers and refusals are final", async () => {
    for (const reply of [
      recorded.found,
      recorded.notFound,
      recorded.badQuorum,
      recorded.stackTrace,
      recorded.tooLarge,
    ]) {
      await withNodes([always(reply)], {}, async (transport, peers) => {
        await transport.send(get);
        assert.deepEqual(asked(peers), [1]);
      });
    }
  });

  test("a request is tried three times at most", () =>
    withNodes([always({ kind: "reset" })], {}, async (transport, peers) => {
      assert.equal((await failureOf(transport.send(get))).code, "unavailable");
      assert.deepEqual(asked(peers), [3]);
      assert.equal(transport.counters.retries, 2);
    }));

  test("the last answer is given where none is good", () =>
    withNodes(
      [inTurn(recorded.timedOut, recorded.timedOut, recorded.insufficientVnodes)],
      {},
      async (transport) => {
        assert.equal((await transport.send(get)).status, 500);
      },
    ));

  test("a node that does not answer costs one attempt's time, then another is asked", () =>
    withNodes(
      [always({ kind: "silence" }), always(recorded.found)],
      { attemptTimeoutMs: 300 },
      async (transport, peers) => {
        for (let i = 0; i < 3; i++) assert.equal((await transport.send(get)).status, 200);
        assert.ok((peers[0]?.requests.length ?? 0) > 0);
      },
    ));

  test("the time limit of a request holds over all attempts", () =>
    withNodes(
      [always({ kind: "silence" })],
      { attemptTimeoutMs: 200, attempts: 50 },
      async (transport, peers) => {
        const error = await failureOf(transport.send({ ...put, timeoutMs: 250 }));
        assert.equal(error.code, "timeout");
        assert.equal(error.maybeWritten, true);
        assert.ok((peers[0]?.requests.length ?? 0) < 10);
      },
    ));

  test("an answer after the time limit reaches nobody", () => {
    const late: ((reply: PeerAnswer) => void)[] = [];
    const script: Script = (_request, count) =>
      count === 0 ? new Promise((resolve) => late.push(resolve)) : answer("200 OK", [], "second");
    return withNodes([script], { attempts: 1, connections: 1 }, async (transport) => {
      assert.equal((await failureOf(transport.send({ ...get, timeoutMs: 300 }))).code, "timeout");
      const second = transport.send(get);
      late[0]?.(answer("200 OK", [], "first"));
      assert.equal(Buffer.from((await second).body).toString(), "second");
    });
  });

  test("connections are kept, and no more of them than allowed", () =>
    withNodes([always(recorded.found)], { connections: 3 }, async (transport, [peer]) => {
      await Promise.all(Array.from({ length: 40 }, () => transport.send(get)));
      await Promise.all(Array.from({ length: 40 }, () => transport.send(get)));
      assert.equal(peer?.connections, 3);
    }));

  test("what finds every queue full is refused at once, without having been sent", () =>
    withNodes([always({ kind: "silence" })], { maxOutstanding: 5, connections: 2 }, async (transport) => {
      const waiting = Array.from({ length: 5 }, () => failureOf(transport.send(get)));
      const error = await failureOf(transport.send(put));
      assert.equal(error.code, "overloaded");
      assert.equal(error.maybeWritten, false);
      assert.equal(transport.counters.overloaded, 1);
      await transport.close();
      assert.deepEqual(
        (await Promise.all(waiting)).map(({ code }) => code),
        Array.from({ length: 5 }, () => "closed"),
      );
    }));

  test("a request that still waited for a connection was not written", () =>
    withNodes([always({ kind: "silence" })], { connections: 1, attempts: 1 }, async (transport) => {
      const sent = failureOf(transport.send({ ...put, timeoutMs: 400 }));
      const queued = failureOf(transport.send({ ...put, timeoutMs: 20 }));
      assert.equal((await queued).maybeWritten, false);
      assert.equal((await sent).maybeWritten, true);
    }));

  test("a host that fails again and again is left alone, then tried once, then used again", async () => {
    let now = 0;
    let healthy = false;
    const events: unknown[] = [];
    const note = (fields: { event: string }): void => void events.push(fields.event);
    const logger: Logger = { ...silentLogger, info: note, warn: note };
    const script: Script = () => (healthy ? recorded.found : recorded.insufficientVnodes);
    const options = {
      attempts: 1,
      breakerFailures: 3,
      breakerOpenMs: 100,
      now: () => now,
      random: () => 0.5,
      logger,
    };
    await withNodes([script], options, async (transport, peers) => {
      for (let i = 0; i < 3; i++) assert.equal((await transport.send(get)).status, 500);
      assert.equal(transport.hosts()[0]?.state, "open");
      assert.equal((await failureOf(transport.send(get))).code, "unavailable");
      assert.deepEqual(asked(peers), [3]);
      now = 101;
      assert.equal((await transport.send(get)).status, 500);
      assert.equal((await failureOf(transport.send(get))).code, "unavailable");
      now = 500;
      healthy = true;
      assert.equal((await transport.send(get)).status, 200);
      assert.equal(transport.hosts()[0]?.state, "closed");
      assert.deepEqual(events, ["riak.host-down", "riak.host-up"]);
      assert.equal(transport.hosts()[0]?.downs, 1);
    });
  });

  test("a host that answers pings again is tried before its time is up", async () => {
    let resets = 0;
    const script: Script = ({ path }) => {
      if (path === "/ping") return recorded.pong;
      return resets++ < 2 ? { kind: "reset" } : recorded.found;
    };
    const options = { attempts: 1, breakerFailures: 2, breakerOpenMs: 3_600_000, healthIntervalMs: 5 };
    await withNodes([script], options, async (transport) => {
      for (let i = 0; i < 2; i++) assert.equal((await failureOf(transport.send(get))).code, "unavailable");
      while (transport.hosts()[0]?.state === "open") await new Promise((resolve) => setImmediate(resolve));
      assert.equal((await transport.send(get)).status, 200);
    });
  });

  test("repetitions stop when there have been too many for the number of requests", () =>
    withNodes([always(recorded.timedOut)], { breakerFailures: 1_000_000 }, async (transport, [peer]) => {
      for (let i = 0; i < 60; i++) await transport.send(get);
      assert.ok(transport.counters.retriesRefused > 0);
      assert.ok((peer?.requests.length ?? 0) < 60 + 50 + 10);
    }));

  test("requests are spread over the hosts", () =>
    withNodes([always(recorded.found), always(recorded.found)], {}, async (transport, peers) => {
      for (let i = 0; i < 10; i++) await transport.send(get);
      assert.deepEqual(asked(peers), [5, 5]);
    }));

  test("credentials of a host become a header and appear nowhere else", () =>
    withNodes([always(recorded.found)], {}, async (_unused, [peer]) => {
      const url = (peer as ScriptedPeer).url.replace("//", "//admin:s%3Acret@");
      const transport = createHttpTransport({ hosts: [url], logger: silentLogger, healthIntervalMs: 0 });
      await transport.send(get);
      const sent = peer?.requests[0]?.headers.authorization;
      assert.equal(sent, `Basic ${Buffer.from("admin:s:cret").toString("base64")}`);
      assert.doesNotMatch(JSON.stringify(transport.hosts()), /cret/);
      await transport.close();
    }));

  test("hosts that are no hosts are refused at creation", () => {
    for (const hosts of [[], ["riak:8098"], ["http://riak:8098/path"], ["ftp://riak"], ["nonsense"]]) {
      assert.throws(() => createHttpTransport({ hosts, logger: silentLogger }), TypeError);
    }
  });

  test("closing ends requests under way and waits of repetitions, and takes nothing new", () =>
    withNodes([always(recorded.timedOut)], { backoffMs: 500, random: () => 0.9 }, async (transport) => {
      const waiting = transport.send(put);
      while (transport.counters.retries === 0) await new Promise((resolve) => setImmediate(resolve));
      await transport.close();
      assert.equal((await waiting).status, 503);
      assert.equal((await failureOf(transport.send(get))).code, "closed");
    }));
});
