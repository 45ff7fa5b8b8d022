import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { silentLogger } from "@rollcall/telemetry";
import type { Bucket, BucketOptions } from "./bucket.ts";
import { createHttpTransport } from "./http-transport.ts";
import { answer, keyStream, recorded, returned, VCLOCK } from "./recorded.ts";
import { createRiakClient, type RiakClient } from "./riak-client.ts";
import { RiakError } from "./riak-error.ts";
import { type PeerAnswer, type PeerRequest, type ScriptedPeer, startScriptedPeer } from "./scripted-peer.ts";
import { jsonCodec } from "./value-codec.ts";

interface Scene {
  readonly bucket: Bucket<unknown>;
  readonly client: RiakClient;
  readonly peer: ScriptedPeer;
}

/** A bucket whose node gives these answers, one after the other, the last one for ever. Nothing is asked twice. */
async function withAnswers(
  answers: readonly PeerAnswer[],
  run: (scene: Scene) => Promise<void>,
  options: Partial<BucketOptions<unknown>> = {},
): Promise<void> {
  const last = answers.at(-1) as PeerAnswer;
  const peer = await startScriptedPeer((_request, count) => answers[count] ?? last);
  const transport = createHttpTransport({
    hosts: [peer.url],
    logger: silentLogger,
    attempts: 1,
    healthIntervalMs: 0,
    maxResponseBytes: 100_000,
  });
  const client = createRiakClient({ transport, logger: silentLogger, maxValueBytes: 10_000 });
  try {
    const bucket = client.bucket({ name: "mult", codec: jsonCodec<unknown>(), timeoutMs: 2_000, ...options });
    await run({ bucket, client, peer });
  } finally {
    await client.close();
    await peer.close();
  }
}

async function failureOf(operation: Promise<unknown>): Promise<RiakError> {
  try {
    await operation;
  } catch (error) {
    assert.ok(error instanceof RiakError, String(error));
    return error;
  }
  assert.fail("expected a failure");
}

const outline = ({ code, retryable, maybeWritten }: RiakError): string =>
  [code, retryable ? "retryable" : "final", maybeWritten ? "maybe written" : "not written"].join(", ");

const first = (peer: ScriptedPeer): PeerRequest => peer.requests[0] as PeerRequest;

test("how long operations take is measured, those that failed by themselves", () =>
  withAnswers([recorded.found, recorded.insufficientVnodes], async ({ bucket, client }) => {
    const ofGets = () => client.counters.getSeconds.members().map(({ histogram }) => histogram.count);
    await bucket.get("s1@montague");
    assert.deepEqual(ofGets(), [1, 0]);
    await failureOf(bucket.get("s1@montague"));
    assert.deepEqual(ofGets(), [1, 1]);
    await failureOf(bucket.put("s1@montague", { v: 1 }));
    await failureOf(bucket.delete("s1@montague"));
    for (const histograms of [client.counters.putSeconds, client.counters.deleteSeconds])
      assert.deepEqual(
        histograms.members().map(({ attributes, histogram }) => [attributes.outcome, histogram.count]),
        [
          ["ok", 0],
          ["failed", 1],
        ],
      );
  }));

describe("reading a recorded node", () => {
  test("an object has its value, metadata with lower-case names, context and unquoted etag", () =>
    withAnswers([recorded.found], async ({ bucket, peer }) => {
      assert.deepEqual(await bucket.get("s1@montague"), {
        kind: "found",
        value: { v: 1 },
        meta: { owner: "Juliet", mixedcase: "ünï", empty: "" },
        context: VCLOCK,
        etag: "6z9hSA7f0KCxwS5ph6d2ON",
        lastModified: "Mon, 23 Nov 2026 00:49:47 GMT",
        contentType: "application/json",
      });
      assert.equal(first(peer).path, "/buckets/mult/keys/s1@montague?timeout=2000");
      assert.equal(first(peer).headers.accept, "multipart/mixed, */*;q=0.5");
    }));

  test("quorums and the time limit are in the query", () =>
    withAnswers(
      [recorded.found],
      async ({ bucket, peer }) => {
        await bucket.get("k");
        assert.equal(first(peer).path, "/types/strong/buckets/mult/keys/k?r=quorum&pr=2&timeout=700");
      },
      { r: "quorum", pr: 2, w: 1, timeoutMs: 700, type: "strong" },
    ));

  test("a missing key has no context, a tombstone has one", () =>
    withAnswers([recorded.notFound, recorded.tombstone], async ({ bucket }) => {
      assert.deepEqual(await bucket.get("k"), { kind: "missing", context: undefined });
      assert.deepEqual(await bucket.get("k"), { kind: "missing", context: VCLOCK });
    }));

  test("the etag is quoted in the condition", () =>
    withAnswers([recorded.notModified], async ({ bucket, peer }) => {
      assert.deepEqual(await bucket.get("k", { ifNoneMatch: "6z9hSA7f0KCxwS5ph6d2ON" }), {
        kind: "unchanged",
      });
      assert.equal(first(peer).headers["if-none-match"], '"6z9hSA7f0KCxwS5ph6d2ON"');
    }));

  test("siblings come with their values, tombstones among them", () =>
    withAnswers([recorded.siblings], async ({ bucket }) => {
      const common = { meta: {}, lastModified: "Mon, 23 Nov 2026 00:49:48 GMT" };
      assert.deepEqual(await bucket.get("k"), {
        kind: "siblings",
        context: VCLOCK,
        etag: "61sjj6WEbfSIEYaACZv0Pr",
        siblings: [
          { ...common, value: undefined, deleted: true, etag: "Voz5cn44qhehpE8KFLYI4" },
          { ...common, value: { v: "resolved" }, deleted: false, etag: "5jPTGtma7ltAsjorl59cGM" },
          {
            ...common,
            value: { v: "stale" },
            deleted: false,
            etag: "54Rb5SY0FcTSwCxYDVEAL",
            meta: { writer: "friar" },
          },
        ],
      });
    }));

  test("siblings without their values are asked for again, until they come or are gone", () =>
    withAnswers(
      [recorded.siblingList, recorded.siblings, recorded.siblingList, recorded.notAcceptable, recorded.found],
      async ({ bucket, peer }) => {
        assert.equal((await bucket.get("k")).kind, "siblings");
        assert.equal(peer.requests[1]?.headers.accept, "multipart/mixed");
        assert.equal((await bucket.get("k")).kind, "found");
      },
    ));

  test("siblings that never show their values are an error, after few questions", () =>
    withAnswers([recorded.siblingList], async ({ bucket, peer }) => {
      assert.equal((await failureOf(bucket.get("k"))).code, "bad-response");
      assert.ok(peer.requests.length <= 4);
    }));

  for (const [title, answers, expected] of [
    [
      "a node whose routes are not there yet is unavailable, not empty",
      [recorded.noRoute],
      "unavailable, retryable",
    ],
    ["a node without its vnodes is unavailable", [recorded.insufficientVnodes], "unavailable, retryable"],
    ["a node whose store is down is unavailable", [recorded.allNodesDown], "unavailable, retryable"],
    ["a read that timed out inside Riak", [recorded.timedOut], "timeout, retryable"],
    ["a stack trace is the server's error", [recorded.stackTrace], "server-error, final"],
    ["a quorum that cannot be", [recorded.badQuorum], "bad-request, final"],
    ["a bucket type that does not exist is no missing key", [recorded.unknownType], "bad-request, final"],
    ["406", [recorded.notAcceptable], "bad-request, final"],
    ["a connection that is reset", [{ kind: "reset" }], "unavailable, retryable"],
    ["a redirect", [answer("302 Found", ["Location: /"], "")], "bad-response, retryable"],
    ["an object without a vclock", [answer("200 OK", ['ETag: "x"'], "1")], "bad-response, retryable"],
    ["what is no HTTP", [{ kind: "cut", bytes: "SSH-2.0-OpenSSH_9.2\r\n" }], "bad-response, retryable"],
  ] as const satisfies readonly (readonly [string, readonly PeerAnswer[], string])[]) {
    test(`${title}: ${expected}`, () =>
      withAnswers(answers, async ({ bucket, client }) => {
        const error = await failureOf(bucket.get("k"));
        assert.equal(outline(error), `${expected}, not written`);
        assert.equal(error.bucket, "mult");
        assert.equal(client.counters.getFailed, 1);
      }));
  }

  test("a response that ends too early is no value", () =>
    withAnswers(
      [
        {
          kind: "cut",
          bytes: `HTTP/1.1 200 OK\r\nX-Riak-Vclock: ${VCLOCK}\r\nETag: "x"\r\nContent-Length: 100\r\n\r\n{"v":`,
        },
      ],
      async ({ bucket }) => {
        assert.equal(outline(await failureOf(bucket.get("k"))), "unavailable, retryable, not written");
      },
    ));

  test("a multipart body that is complete for HTTP but not for its boundary is refused", () =>
    withAnswers(
      [
        answer(
          "300 Multiple Choices",
          [`X-Riak-Vclock: ${VCLOCK}`, "Content-Type: multipart/mixed; boundary=b"],
          "\r\n--b\r\nEtag: x\r\n\r\n1\r\n",
        ),
      ],
      async ({ bucket }) => {
        assert.equal((await failureOf(bucket.get("k"))).code, "bad-response");
      },
    ));

  test("a response over the limit is refused, announced or not", () =>
    withAnswers(
      [
        answer("200 OK", ['ETag: "x"'], "x".repeat(100_001)),
        {
          kind: "bytes",
          pieces: ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk(60_000), chunk(60_000)],
        },
      ],
      async ({ bucket }) => {
        assert.equal((await failureOf(bucket.get("k"))).code, "too-large");
        assert.equal((await failureOf(bucket.get("k"))).code, "too-large");
      },
    ));

  test("a value that the codec cannot read is a bad value, and its bytes are not in the error", () =>
    withAnswers(
      [returned('{"secret":'), answer("200 OK", [`X-Riak-Vclock: ${VCLOCK}`, "Content-Encoding: gzip"], "x")],
      async ({ bucket }) => {
        const error = await failureOf(bucket.get("k"));
        assert.equal(outline(error), "bad-value, final, not written");
        assert.doesNotMatch(error.message, /secret/);
        assert.equal((await failureOf(bucket.get("k"))).code, "bad-value");
      },
    ));

  test("an answer that comes in pieces is one answer", () =>
    withAnswers([recorded.found], async ({ bucket }) => {
      const { kind } = await bucket.get("k");
      assert.equal(kind, "found");
    }));
});

describe("writing to a recorded node", () => {
  test("a write sends type, context, metadata, and asks for what is there then", () =>
    withAnswers([returned('{"v":1}')], async ({ bucket, peer }) => {
      const stored = await bucket.put("k", { v: 1 }, { context: VCLOCK, meta: { note: "ü" } });
      assert.deepEqual(stored, { kind: "stored", context: VCLOCK, etag: "gdSAnye7O5B08gHmPtAsD" });
      const { method, path, headers, body } = first(peer);
      assert.deepEqual(
        { method, path, body },
        { method: "PUT", path: "/buckets/mult/keys/k?returnbody=true&timeout=2000", body: '{"v":1}' },
      );
      assert.equal(headers.accept, "*/*");
      assert.equal(headers["content-type"], "application/json");
      assert.equal(headers["x-riak-vclock"], VCLOCK);
      assert.equal(headers["x-riak-meta-note"], "%C3%BC");
    }));

  test("siblings after a write are shown", () =>
    withAnswers([recorded.siblings], async ({ bucket, client }) => {
      const stored = await bucket.put("k", { v: "stale" });
      assert.ok(stored.kind === "siblings");
      assert.equal(stored.siblings.length, 3);
      assert.equal(client.counters.putSiblings, 1);
    }));

  test("another value than the one written is shown as a sibling to merge", () =>
    withAnswers([returned('{"v":"of another"}')], async ({ bucket }) => {
      const stored = await bucket.put("k", { v: "mine" });
      assert.ok(stored.kind === "siblings");
      assert.deepEqual(
        stored.siblings.map(({ value }) => value),
        [{ v: "of another" }],
      );
    }));

  test("a deletion says whether there was something", () =>
    withAnswers([recorded.noContent, recorded.notFound], async ({ bucket, peer }) => {
      assert.equal(await bucket.delete("k", VCLOCK), "deleted");
      assert.equal(first(peer).headers["x-riak-vclock"], VCLOCK);
      assert.equal(await bucket.delete("k"), "missing");
    }));

  for (const [title, reply, expected] of [
    ["too few confirmations", recorded.unconfirmed, "unavailable, retryable, maybe written"],
    ["no time left inside Riak", recorded.timedOut, "timeout, retryable, maybe written"],
    ["no vnodes", recorded.insufficientVnodes, "unavailable, retryable, maybe written"],
    ["a node that is down as a whole", recorded.allNodesDown, "unavailable, retryable, not written"],
    ["routes not there yet", recorded.noRoute, "unavailable, retryable, not written"],
    ["a quorum that cannot be", recorded.badQuorum, "bad-request, final, not written"],
    ["an object over Riak's limit", recorded.tooLarge, "too-large, final, not written"],
    ["headers over Riak's limit", recorded.headersTooLarge, "too-large, final, not written"],
    ["a stack trace", recorded.stackTrace, "server-error, final, maybe written"],
    ["a reset connection", { kind: "reset" }, "unavailable, retryable, maybe written"],
    ["an answer without the value", recorded.noContent, "bad-response, retryable, maybe written"],
    ["an answer that makes no sense", returned(""), "bad-value, final, maybe written"],
  ] as const satisfies readonly (readonly [string, PeerAnswer, string])[]) {
    test(`${title}: ${expected}`, () =>
      withAnswers([reply], async ({ bucket, client }) => {
        const error = await failureOf(bucket.put("k", 1));
        assert.equal(outline(error), expected);
        assert.equal(client.counters.putFailed, 1);
        assert.equal(client.counters.putUnknown, error.maybeWritten ? 1 : 0);
      }));
  }

  test("a write without an answer in time may have happened", () =>
    withAnswers(
      [{ kind: "silence" }],
      async ({ bucket, peer }) => {
        assert.equal(outline(await failureOf(bucket.put("k", 1))), "timeout, retryable, maybe written");
        assert.equal(peer.requests.length, 1);
      },
      { timeoutMs: 300 },
    ));

  test("what cannot be sent is refused here", () =>
    withAnswers([recorded.noContent], async ({ bucket, peer }) => {
      assert.equal((await failureOf(bucket.put("k", undefined))).code, "bad-value");
      assert.equal((await failureOf(bucket.put("k", "x".repeat(10_000)))).code, "too-large");
      assert.equal((await failureOf(bucket.put("", 1))).code, "bad-request");
      assert.equal((await failureOf(bucket.delete(""))).code, "bad-request");
      assert.equal((await failureOf(bucket.put("k", 1, { meta: { UPPER: "x" } }))).code, "bad-request");
      assert.equal(
        outline(await failureOf(bucket.put("k", 1, { context: "a\r\nb" }))),
        "bad-request, final, not written",
      );
      assert.equal(peer.requests.length, 0);
    }));
});

describe("listing a recorded node", () => {
  const collect = async (keys: AsyncIterable<string>): Promise<string[]> => {
    const all: string[] = [];
    for await (const key of keys) all.push(key);
    return all;
  };

  test("keys are read from a stream whose pieces end anywhere", () =>
    withAnswers(
      [keyStream(['{"keys":[]}', '{"ke', 'ys":["u8","u', '5"]}{"keys":["u1"]}', '{"keys":[]}'])],
      async ({ bucket, peer }) => {
        assert.deepEqual(await collect(bucket.keys()), ["u8", "u5", "u1"]);
        assert.equal(first(peer).path, "/buckets/mult/keys?keys=stream");
      },
    ));

  test("missing vnodes are an error, although the status says 200", () =>
    withAnswers([recorded.keysMissingVnodes], async ({ bucket }) => {
      assert.equal(outline(await failureOf(collect(bucket.keys()))), "unavailable, retryable, not written");
    }));

  test("a stream that breaks off is an error after the keys it gave", () =>
    withAnswers([keyStream(['{"keys":["a"]}'], '5\r\n{"k')], async ({ bucket, peer }) => {
      const keys: string[] = [];
      const error = await failureOf(
        (async () => {
          for await (const key of bucket.keys()) {
            keys.push(key);
            void peer.close();
          }
        })(),
      );
      assert.deepEqual(keys, ["a"]);
      assert.equal(error.code, "unavailable");
    }));

  test("a listing may be left early", () =>
    withAnswers([keyStream(['{"keys":["a","b"]}'], "")], async ({ bucket }) => {
      for await (const key of bucket.keys()) {
        assert.equal(key, "a");
        break;
      }
    }));

  test("a refused listing says why", () =>
    withAnswers([recorded.stackTrace, recorded.noRoute], async ({ bucket, client }) => {
      assert.equal((await failureOf(collect(bucket.keys()))).code, "server-error");
      assert.equal((await failureOf(collect(bucket.keys()))).code, "unavailable");
      assert.equal(client.counters.keysFailed, 2);
    }));
});

describe("properties and ping of a recorded node", () => {
  test("properties that differ are named and set, once", () =>
    withAnswers([recorded.properties, recorded.properties, recorded.noContent], async ({ client, peer }) => {
      const wanted = { allow_mult: true, n_val: 3 };
      assert.deepEqual(await client.checkBucketProperties("idx", wanted), [
        "bucket idx: allow_mult is false, wanted true",
      ]);
      await client.applyBucketProperties("idx", wanted);
      const put = peer.requests[2] as PeerRequest;
      assert.equal(
        `${put.method} ${put.path} ${put.body}`,
        `PUT /buckets/idx/props {"props":${JSON.stringify(wanted)}}`,
      );
      assert.equal(put.headers["content-type"], "application/json");
    }));

  test("properties that are as wanted are not written", () =>
    withAnswers([recorded.properties], async ({ client, peer }) => {
      await client.applyBucketProperties("idx", { allow_mult: false, n_val: 3 });
      assert.deepEqual(
        peer.requests.map(({ method }) => method),
        ["GET"],
      );
    }));

  test("a property that Riak does not know is an error", () =>
    withAnswers([recorded.properties, recorded.stackTrace], async ({ client }) => {
      assert.equal(
        (await failureOf(client.applyBucketProperties("idx", { madeup: 17 }))).code,
        "server-error",
      );
      assert.equal(client.counters.propertiesFailed, 1);
    }));

  test("properties that are none are a bad response", () =>
    withAnswers([answer("200 OK", [], "OK"), answer("200 OK", [], "{}")], async ({ client }) => {
      assert.equal((await failureOf(client.checkBucketProperties("idx", {}))).code, "bad-response");
      assert.equal((await failureOf(client.checkBucketProperties("idx", {}))).code, "bad-response");
    }));

  test("a ping is answered, or the node is not there yet", () =>
    withAnswers([recorded.pong, recorded.noRoute], async ({ client }) => {
      await client.ping();
      assert.equal((await failureOf(client.ping())).code, "unavailable");
    }));
});

function chunk(length: number): string {
  return `${length.toString(16)}\r\n${"x".repeat(length)}\r\n`;
}
