import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import fc from "fast-check";
import { prepareLocal } from "../jid.ts";
import { prepareOpaque } from "../precis/opaque-string.ts";
import { beginSasl } from "./sasl-exchange.ts";
import { readServerFirst, ScramClientError, scramClientFinal, scramClientFirst } from "./scram-client.ts";
import { deriveScramKeys, saltPassword, scramClientKeys } from "./scram-keys.ts";

const unicode = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });

describe("the SCRAM client", () => {
  it("agrees with the server for any user name and password", async () => {
    let logins = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(unicode, fc.string({ minLength: 1 })),
        fc.oneof(unicode, fc.string({ minLength: 1 })),
        fc.uint8Array({ minLength: 1, maxLength: 32 }),
        fc.constantFrom("SCRAM-SHA-1" as const, "SCRAM-SHA-256" as const),
        async (username, password, salt, mechanism) => {
          const keys = await deriveScramKeys(mechanism, password, salt, 2);
          assert.equal(keys === undefined, prepareOpaque(password) === undefined);
          if (keys === undefined || prepareLocal(username) === undefined) return;

          const exchange = beginSasl(mechanism, {
            domain: "example.com",
            serverNonce: "server",
            unknownUsers: { secret: Buffer.alloc(32), iterations: 2 },
          });
          const first = scramClientFirst({ username, nonce: "client" });
          const question = exchange.step(first.message);
          assert.ok(question.kind === "lookup");
          assert.equal(question.username, prepareLocal(username));
          const challenge = question.resume({ kind: "found", keys });
          assert.ok(challenge.kind === "challenge");
          const server = readServerFirst(first, challenge.data);
          const salted = await saltPassword(mechanism, password, server.salt, server.iterations);
          const final = scramClientFinal(mechanism, first, server, scramClientKeys(mechanism, salted!));
          const reply = exchange.step(final.message);
          assert.ok(reply.kind === "success");
          assert.deepEqual(reply.data, final.expected);
          logins++;
        },
      ),
    );
    assert.ok(logins > 10);
  });

  it("refuses a challenge that is not one", () => {
    const first = scramClientFirst({ username: "juliet", nonce: "client" });
    for (const challenge of [
      "",
      "r=clientserver,s=AAAA",
      "r=clientserver,s=,i=1",
      "r=clientserver,s=AB==,i=1",
      "r=clientserver,s=AAAA,i=0",
      "r=clientserver,s=AAAA,i=-1",
      "m=1,r=clientserver,s=AAAA,i=1",
      "r=other,s=AAAA,i=1",
      "r=client,s=AAAA,i=1",
    ]) {
      assert.throws(() => readServerFirst(first, Buffer.from(challenge)), ScramClientError, challenge);
    }
    assert.deepEqual(
      readServerFirst(first, Buffer.from("r=clientserver,s=AAAA,i=4096,x=1")).iterations,
      4096,
    );
  });
});
