import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { ChannelBinding } from "./channel-binding.ts";
import { type SaslMechanism, type ScramMechanism, saslMechanisms, scramHashes } from "./mechanisms.ts";
import { beginSasl, type SaslExchange, settleSasl } from "./sasl-exchange.ts";
import type { SaslOptions } from "./sasl-options.ts";
import type { CredentialAnswer, SaslReply, SaslStep } from "./sasl-step.ts";
import { readServerFirst, scramClientFinal, scramClientFirst } from "./scram-client.ts";
import { type DeriveKey, deriveScramKeys, pbkdf2, saltPassword, scramClientKeys } from "./scram-keys.ts";

const unknownUsers = { secret: Buffer.alloc(32, 1), iterations: 4096 };
const binding: ChannelBinding = {
  type: "tls-exporter",
  data: Buffer.from("\0\x01 of this connection\xFF", "latin1"),
};

function optionsWith(options: Partial<SaslOptions> = {}): SaslOptions {
  return { domain: "example.com", serverNonce: "server", unknownUsers, ...options };
}

const salt = Buffer.from("QSXCR+Q6sek8bf92QSXCRw==", "base64");
const keys = {
  "SCRAM-SHA-1": (await deriveScramKeys("SCRAM-SHA-1", "pencil", salt, 4096))!,
  "SCRAM-SHA-256": (await deriveScramKeys("SCRAM-SHA-256", "pencil", salt, 4096))!,
};

/** Knows juliet, whose password is "pencil", and romeo, who is disabled and has the same one. */
function lookup(question: { username: string; mechanism: ScramMechanism }): CredentialAnswer {
  switch (question.username) {
    case "juliet":
      return { kind: "found", keys: keys[question.mechanism] };
    case "romeo":
      return { kind: "found", keys: keys[question.mechanism], refusal: "account-disabled" };
    case "tybalt":
      return { kind: "found", keys: keys[question.mechanism], refusal: "credentials-expired" };
    case "rosaline":
      return { kind: "unavailable" };
    case "paris": // what the store kept of him is damaged
      return { kind: "found", keys: { ...keys[question.mechanism], storedKey: "AAAA" } };
    default:
      return { kind: "unknown" };
  }
}

const performer = {
  lookup: async (question: Parameters<typeof lookup>[0]) => lookup(question),
  derive: pbkdf2,
};

function settle(step: SaslStep): Promise<SaslReply> {
  return settleSasl(step, performer);
}

function failure(condition: string): object {
  return { kind: "failure", condition };
}

function answerTo(exchange: SaslExchange, text: string): Promise<SaslReply> {
  return settle(exchange.step(Buffer.from(text)));
}

interface Attempt {
  readonly mechanism?: SaslMechanism;
  readonly username?: string;
  readonly password?: string;
  readonly authzid?: string;
  readonly options?: Partial<SaslOptions>;
  readonly channelBinding?: ChannelBinding | "server-lacks";
  /** Changes the client's last message. */
  readonly alter?: (final: string) => string;
}

/** Runs a whole SCRAM exchange as a client would; gives the first reply that is no challenge, and the challenge. */
async function attempt(how: Attempt = {}): Promise<{ reply: SaslReply; challenge: string }> {
  const mechanism = how.mechanism ?? "SCRAM-SHA-256";
  const scram = mechanism.replace("-PLUS", "") as ScramMechanism;
  const exchange = beginSasl(mechanism, optionsWith(how.options));
  const first = scramClientFirst({
    username: how.username ?? "juliet",
    nonce: "client",
    authzid: how.authzid,
    channelBinding: how.channelBinding,
  });
  const reply = await settle(exchange.step(first.message));
  if (reply.kind !== "challenge") return { reply, challenge: "" };
  const server = readServerFirst(first, reply.data);
  const salted = await saltPassword(scram, how.password ?? "pencil", server.salt, server.iterations);
  const final = scramClientFinal(scram, first, server, scramClientKeys(scram, salted!));
  const alter = how.alter ?? ((text: string) => text);
  const last = await answerTo(exchange, alter(Buffer.from(final.message).toString()));
  if (last.kind === "success") assert.deepEqual(last.data, final.expected);
  return { reply: last, challenge: server.message };
}

describe("SCRAM", () => {
  it("performs the exchange of RFC 5802, section 5", async () => {
    const userKeys = await deriveScramKeys(
      "SCRAM-SHA-1",
      "pencil",
      Buffer.from("QSXCR+Q6sek8bf92", "base64"),
      4096,
    );
    const exchange = beginSasl("SCRAM-SHA-1", optionsWith({ serverNonce: "3rfcNHYJY1ZVvWVs7j" }));
    const question = exchange.step(Buffer.from("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"));
    assert.ok(question.kind === "lookup");
    assert.equal(question.username, "user");
    const challenge = question.resume({ kind: "found", keys: userKeys! });
    assert.ok(challenge.kind === "challenge");
    assert.equal(
      challenge.data.toString(),
      "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    );
    const success = exchange.step(
      Buffer.from("c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="),
    );
    assert.deepEqual(success, {
      kind: "success",
      username: "user",
      authzid: "user@example.com",
      data: Buffer.from("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="),
    });
  });

  it("performs the exchange of RFC 7677, section 3", async () => {
    const userKeys = await deriveScramKeys(
      "SCRAM-SHA-256",
      "pencil",
      Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"),
      4096,
    );
    const exchange = beginSasl(
      "SCRAM-SHA-256",
      optionsWith({ serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0" }),
    );
    const question = exchange.step(Buffer.from("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"));
    assert.ok(question.kind === "lookup");
    const challenge = question.resume({ kind: "found", keys: userKeys! });
    assert.ok(challenge.kind === "challenge");
    assert.equal(
      challenge.data.toString(),
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    );
    const success = exchange.step(
      Buffer.from(
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
          "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
      ),
    );
    assert.ok(success.kind === "success");
    assert.equal(success.data?.toString(), "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  });

  it("asks by an empty challenge for the initial response that was left out", async () => {
    const exchange = beginSasl("SCRAM-SHA-1", optionsWith());
    assert.deepEqual(exchange.step(undefined), { kind: "challenge", data: new Uint8Array(0) });
    assert.equal((await answerTo(exchange, "n,,n=juliet,r=client")).kind, "challenge");
  });

  it("asks only once", () => {
    const exchange = beginSasl("SCRAM-SHA-1", optionsWith());
    exchange.step(undefined);
    assert.deepEqual(exchange.step(undefined), failure("malformed-request"));
  });

  it("finds the account by the prepared name and hashes the name as received", async () => {
    const { reply } = await attempt({ username: "\uFF2Auliet" });
    assert.ok(reply.kind === "success");
    assert.equal(reply.username, "juliet");
  });

  it("decodes the escapes of a name", () => {
    const step = beginSasl("SCRAM-SHA-1", optionsWith()).step(Buffer.from("n,,n=a=2Cb=3D2C,r=client"));
    assert.ok(step.kind === "lookup");
    assert.equal(step.username, "a,b=2c");
  });

  it("refuses messages that break the syntax", async () => {
    for (const first of [
      "",
      "n",
      "n,,",
      "x,,n=juliet,r=client",
      "N,,n=juliet,r=client",
      "F,n,,n=juliet,r=client",
      "p=,,n=juliet,r=client",
      "p,,n=juliet,r=client",
      "n,n=juliet,r=client",
      "n,x=1,n=juliet,r=client",
      "n,a=,n=juliet,r=client",
      "n,a=ju=liet,n=juliet,r=client",
      "n,,r=client,n=juliet",
      "n,,n=,r=client",
      "n,,n=juliet",
      "n,,n=juliet,r=",
      "n,,n=juliet,r=cli ent",
      "n,,n=juliet,r=cli\u00E9nt",
      "n,,n=ju=liet,r=client",
      "n,,n=juliet=,r=client",
      "n,,n=juliet=2c,r=client",
      "n,,n=ju\0liet,r=client",
      "n,,n=juliet,r=client,",
      "n,,n=juliet,r=client,x",
      "n,,n=juliet,r=client,x=",
      "n,,n=juliet,r=client,xx=1",
      "\uFEFFn,,n=juliet,r=client",
    ]) {
      assert.deepEqual(
        await answerTo(beginSasl("SCRAM-SHA-1", optionsWith()), first),
        failure("malformed-request"),
        JSON.stringify(first),
      );
    }
    const notUtf8 = beginSasl("SCRAM-SHA-1", optionsWith()).step(Buffer.from("n,,n=\xFF,r=client", "latin1"));
    assert.deepEqual(notUtf8, failure("malformed-request"));

    for (const final of [
      "",
      "c=biws,r=clientserver",
      "c=biws,p=AAAA",
      "r=clientserver,c=biws,p=AAAA",
      "c=biws,r=clientserver,p=",
      "c=biws,r=clientserver,p=A",
      "c=biws,r=clientserver,p=AB==",
      "c=biws,r=clientserver,p=AAAA,",
      "c=,r=clientserver,p=AAAA",
    ]) {
      assert.deepEqual((await attempt({ alter: () => final })).reply, failure("malformed-request"), final);
    }
  });

  it("refuses mandatory extensions and ignores others", async () => {
    for (const first of [
      "n,,m=1,n=juliet,r=client",
      "n,,n=juliet,r=client,m=1",
      "n,,n=juliet,r=client,x=1,m=1",
    ]) {
      const reply = await answerTo(beginSasl("SCRAM-SHA-1", optionsWith()), first);
      assert.deepEqual(reply, failure("malformed-request"), first);
    }
    const { reply } = await attempt({ alter: (final) => final.replace(",p=", ",m=1,p=") });
    assert.deepEqual(reply, failure("malformed-request"));
    const exchange = beginSasl("SCRAM-SHA-1", optionsWith());
    assert.equal((await answerTo(exchange, "n,,n=juliet,r=client,x=1,y=a=b")).kind, "challenge");
    // The extension is part of what the proof is about, and this one's was made without it.
    assert.deepEqual(
      (await attempt({ alter: (final) => final.replace(",p=", ",x=1,p=") })).reply,
      failure("not-authorized"),
    );
  });

  it("refuses another nonce, another channel binding and another proof", async () => {
    for (const [what, alter] of Object.entries<(final: string) => string>({
      "the client's nonce alone": (final) => final.replace("r=clientserver", "r=client"),
      "another nonce": (final) => final.replace("r=clientserver", "r=clientother!"),
      "a gs2 header that was not sent": (final) => final.replace("c=biws", "c=eSws"),
      "binding data that were not asked for": (final) => final.replace("c=biws", "c=biwsAAAA"),
      "another proof": (final) => final.replace(/p=.*/, `p=${Buffer.alloc(32).toString("base64")}`),
      "a proof of the wrong length": (final) => final.replace(/p=.*/, "p=AAAA"),
    })) {
      assert.deepEqual((await attempt({ alter })).reply, failure("not-authorized"), what);
    }
  });

  it("binds to the channel that the client names", async () => {
    const other: ChannelBinding = { type: "tls-unique", data: Buffer.from("finished") };
    const options = { channelBindings: [binding, other] };
    for (const mechanism of ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"] as const) {
      for (const channelBinding of [binding, other]) {
        assert.equal((await attempt({ mechanism, options, channelBinding })).reply.kind, "success");
      }
      assert.deepEqual(
        (await attempt({ mechanism, options, channelBinding: { ...binding, data: other.data } })).reply,
        failure("not-authorized"),
        "somebody in between",
      );
      assert.deepEqual(
        (await attempt({ mechanism, options, channelBinding: { ...binding, type: "tls-server-end-point" } }))
          .reply,
        failure("not-authorized"),
        "a type that is not offered",
      );
    }
  });

  it("lets the flag suit the mechanism and what was offered", async () => {
    const bound = { channelBindings: [binding] };
    const cases: [SaslMechanism, Partial<SaslOptions>, Attempt["channelBinding"], string][] = [
      ["SCRAM-SHA-256", {}, undefined, "success"],
      ["SCRAM-SHA-256", {}, "server-lacks", "success"],
      ["SCRAM-SHA-256", {}, binding, "failure"],
      ["SCRAM-SHA-256", bound, undefined, "success"],
      ["SCRAM-SHA-256", bound, "server-lacks", "failure"], // downgrade
      ["SCRAM-SHA-256", bound, binding, "failure"],
      ["SCRAM-SHA-256-PLUS", bound, undefined, "failure"],
      ["SCRAM-SHA-256-PLUS", bound, "server-lacks", "failure"],
      ["SCRAM-SHA-256-PLUS", bound, binding, "success"],
      ["SCRAM-SHA-256-PLUS", {}, binding, "failure"],
    ];
    for (const [mechanism, options, channelBinding, outcome] of cases) {
      const { reply } = await attempt({ mechanism, options, ...(channelBinding && { channelBinding }) });
      assert.equal(
        reply.kind,
        outcome,
        `${mechanism} ${JSON.stringify(options)} ${JSON.stringify(channelBinding)}`,
      );
    }
  });

  it("shows an unknown user what it shows one with a wrong password", async () => {
    const shape = (challenge: string) => challenge.replace(/s=[^,]*/, (s) => `s(${s.length})`);
    for (const mechanism of ["SCRAM-SHA-1", "SCRAM-SHA-256"] as const) {
      const wrong = await attempt({ mechanism, password: "pen" });
      const unknown = await attempt({ mechanism, username: "nobody" });
      assert.deepEqual(wrong.reply, failure("not-authorized"));
      assert.deepEqual(unknown.reply, wrong.reply);
      assert.equal(shape(unknown.challenge), shape(wrong.challenge));
    }
  });

  it("shows an unknown user one salt for each name, mechanism, domain and secret", async () => {
    const challenges = [
      await attempt({ username: "nobody" }),
      await attempt({ username: "somebody" }),
      await attempt({ username: "nobody", mechanism: "SCRAM-SHA-1" }),
      await attempt({ username: "nobody", options: { domain: "example.net" } }),
      await attempt({
        username: "nobody",
        options: { unknownUsers: { ...unknownUsers, secret: Buffer.alloc(32, 2) } },
      }),
    ].map(({ challenge }) => challenge);
    assert.equal(new Set(challenges).size, challenges.length);
    assert.equal((await attempt({ username: "Nobody" })).challenge, challenges[0]);
  });

  it("refuses a name that no account can have", async () => {
    for (const username of ["a b", "juliet@example.com", "\u265A"]) {
      assert.deepEqual((await attempt({ username })).reply, failure("not-authorized"));
    }
  });
});

describe("PLAIN", () => {
  const begin = (options?: Partial<SaslOptions>) => beginSasl("PLAIN", optionsWith(options));

  it("compares the password with the stored keys", async () => {
    assert.deepEqual(await answerTo(begin(), "\0juliet\0pencil"), {
      kind: "success",
      username: "juliet",
      authzid: "juliet@example.com",
      data: undefined,
    });
    assert.deepEqual(await answerTo(begin(), "\0juliet\0pen"), failure("not-authorized"));
  });

  it("prepares name and password", async () => {
    assert.equal((await answerTo(begin(), "\0JULIET\0pencil")).kind, "success");
    assert.deepEqual(await answerTo(begin(), "\0juliet\0pen\tcil"), failure("not-authorized"));
    assert.deepEqual(await answerTo(begin(), "\0a b\0pencil"), failure("not-authorized"));
  });

  it("works as hard for an unknown user", async () => {
    const work: unknown[] = [];
    const derive: DeriveKey = (password, usedSalt, iterations, hash) => {
      work.push([password, usedSalt.length, iterations, hash]);
      return pbkdf2(password, usedSalt, iterations, hash);
    };
    for (const name of ["juliet", "nobody"]) {
      const step = begin().step(Buffer.from(`\0${name}\0wrong`));
      assert.deepEqual(await settleSasl(step, { ...performer, derive }), failure("not-authorized"));
    }
    assert.deepEqual(work[0], ["wrong", 16, 4096, scramHashes["SCRAM-SHA-256"]]);
    assert.deepEqual(work[1], work[0]);
  });

  it("asks by an empty challenge for the initial response that was left out", async () => {
    const exchange = begin();
    assert.equal(exchange.step(undefined).kind, "challenge");
    assert.equal((await answerTo(exchange, "\0juliet\0pencil")).kind, "success");
  });

  it("refuses a message that breaks the syntax", async () => {
    assert.deepEqual(await answerTo(begin(), "juliet"), failure("malformed-request"));
    assert.deepEqual(await answerTo(begin(), ""), failure("malformed-request"));
  });
});

/** Both ways to log in, which must agree on everything that is not syntax. */
const ways: Readonly<Record<string, (how: Attempt) => Promise<SaslReply>>> = {
  "SCRAM-SHA-1": async (how) => (await attempt({ ...how, mechanism: "SCRAM-SHA-1" })).reply,
  "SCRAM-SHA-256": async (how) => (await attempt({ ...how, mechanism: "SCRAM-SHA-256" })).reply,
  PLAIN: ({ authzid = "", username = "juliet", password = "pencil", options }) =>
    answerTo(beginSasl("PLAIN", optionsWith(options)), `${authzid}\0${username}\0${password}`),
};

for (const [mechanism, login] of Object.entries(ways)) {
  describe(`an account logging in by ${mechanism}`, () => {
    it("may act as itself, under any spelling of its bare JID, and as nobody else", async () => {
      for (const authzid of ["juliet@example.com", "Juliet@EXAMPLE.com."]) {
        const reply = await login({ authzid });
        assert.ok(reply.kind === "success", authzid);
        assert.equal(reply.authzid, "juliet@example.com");
      }
      for (const authzid of [
        "romeo@example.com",
        "juliet@example.net",
        "juliet@example.com/balcony",
        "example.com",
        "juliet",
        "@",
        "juliet@example.com@",
      ]) {
        assert.deepEqual(await login({ authzid }), failure("invalid-authzid"), authzid);
      }
    });

    it("learns that it is disabled or expired only with the right password", async () => {
      assert.deepEqual(await login({ username: "romeo" }), failure("account-disabled"));
      assert.deepEqual(await login({ username: "tybalt" }), failure("credentials-expired"));
      assert.deepEqual(await login({ username: "romeo", password: "x" }), failure("not-authorized"));
      assert.deepEqual(await login({ username: "tybalt", password: "x" }), failure("not-authorized"));
      assert.deepEqual(
        await login({ username: "juliet", password: "x", authzid: "romeo@example.com" }),
        failure("not-authorized"),
      );
    });

    it("is told to come back when its keys cannot be had or are damaged", async () => {
      assert.deepEqual(await login({ username: "rosaline" }), failure("temporary-auth-failure"));
      assert.deepEqual(await login({ username: "paris" }), failure("temporary-auth-failure"));
    });
  });
}

describe("a SaslExchange", () => {
  it("takes nothing while it waits for an answer, and nothing after its end", async () => {
    const waiting = beginSasl("SCRAM-SHA-1", optionsWith());
    assert.equal(waiting.step(Buffer.from("n,,n=juliet,r=client")).kind, "lookup");
    assert.deepEqual(waiting.step(Buffer.from("n,,n=juliet,r=client")), failure("malformed-request"));

    const ended = beginSasl("PLAIN", optionsWith());
    assert.equal((await answerTo(ended, "\0juliet\0pencil")).kind, "success");
    assert.deepEqual(await answerTo(ended, "\0juliet\0pencil"), failure("malformed-request"));

    const failedOnce = beginSasl("PLAIN", optionsWith());
    assert.deepEqual(await answerTo(failedOnce, "\0juliet\0pen"), failure("not-authorized"));
    assert.deepEqual(await answerTo(failedOnce, "\0juliet\0pencil"), failure("malformed-request"));
  });

  it("answers any messages and never throws", async () => {
    const pieces = fc.constantFrom(
      ..."n, y, p=tls-exporter , a= n= r= c= s= m= p= juliet nobody client clientserver biws = =2C =3D \0 AAAA \uFFFD".split(
        " ",
      ),
    );
    const message = fc.oneof(
      fc.uint8Array(),
      fc.string({ unit: pieces, maxLength: 12 }).map((text) => new Uint8Array(Buffer.from(text))),
      fc
        .constantFrom("n,,n=juliet,r=client", "c=biws,r=clientserver,p=AAAA", "\0juliet\0x")
        .map((text) => Buffer.from(text)),
      fc.constant(undefined),
    );
    const derive: DeriveKey = async (_password, _salt, _iterations, hash) => Buffer.alloc(hash.bytes);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...saslMechanisms),
        fc.array(message, { maxLength: 4 }),
        fc.boolean(),
        async (mechanism, messages, bound) => {
          const exchange = beginSasl(mechanism, optionsWith(bound ? { channelBindings: [binding] } : {}));
          for (const data of messages) {
            const reply = await settleSasl(exchange.step(data), { ...performer, derive });
            assert.notEqual(reply.kind, "success");
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
