import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  newcomer,
  SaslFailure,
  story,
  storyServer,
  streamHeader,
  type Wire,
  XmppClient,
} from "@rollcall/testkit";
import {
  auth,
  base64,
  expectStreamError,
  nextStream,
  openStream,
  plainAuth,
  saslAnswer,
  saslNamespace,
} from "../raw-stream.ts";

const server = await storyServer({ settings: { "auth.channel_binding": true } });
const twoDomains = await storyServer({ settings: { domains: ["capulet.example", "montague.example"] } });

function mechanismsOf(features: { child(name: string): { elements(): { text(): string }[] } | undefined }) {
  return features
    .child("mechanisms")
    ?.elements()
    .map((mechanism) => mechanism.text());
}

async function answerTo(wire: Wire, xml: string): Promise<string> {
  wire.send(xml);
  return saslAnswer(wire);
}

describe("SASL", () => {
  test("is offered strongest first, and what binds to a channel over TLS only", async () => {
    const plain = await openStream(server);
    assert.deepEqual(mechanismsOf(plain.features), ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"]);
    const secured = await openStream(server, undefined, "direct");
    assert.deepEqual(mechanismsOf(secured.features), [
      "SCRAM-SHA-256-PLUS",
      "SCRAM-SHA-1-PLUS",
      "SCRAM-SHA-256",
      "SCRAM-SHA-1",
      "PLAIN",
    ]);
    plain.wire.cut();
    secured.wire.cut();
  });

  for (const mechanism of ["SCRAM-SHA-1", "SCRAM-SHA-256", "PLAIN"] as const) {
    test(
      `by ${mechanism} gives the account its session, and a wrong password is not-authorized`,
      story(server, ["juliet"], async ({ juliet }) => {
        const session = await juliet.connect("balcony", { mechanism });
        assert.equal(session.full, `${juliet.jid}/balcony`);
        assert.doesNotMatch(session.wire.received, />\s+</, "no white space between elements");
        await assert.rejects(
          juliet.connect("balcony", { mechanism, password: "wrong" }),
          (error) => error instanceof SaslFailure && error.condition === "not-authorized",
        );
      }),
    );
  }

  test("does without the initial response, which then comes after an empty challenge", async () => {
    const juliet = await newcomer(server, "juliet");
    const { wire } = await openStream(server);
    wire.send(auth("PLAIN"));
    const challenge = await wire.next();
    assert.deepEqual(
      [challenge.name, challenge.namespace, challenge.text()],
      ["challenge", saslNamespace, ""],
    );
    const response = base64(`\0${juliet.username}\0${juliet.password}`);
    assert.equal(
      await answerTo(wire, `<response xmlns='${saslNamespace}'>${response}</response>`),
      "success",
    );
    wire.cut();
  });

  test("takes the account's bare JID as authorization identity, and nobody else's", async () => {
    const juliet = await newcomer(server, "juliet");
    const romeo = await newcomer(server, "romeo");
    const { wire } = await openStream(server);
    for (const authzid of [romeo.jid, `${juliet.jid}/balcony`, "no jid", juliet.username]) {
      const login = plainAuth(juliet.username, juliet.password, authzid);
      assert.equal(await answerTo(wire, login), "failure invalid-authzid", authzid);
      if (authzid === "no jid") break;
    }
    assert.equal(await answerTo(wire, plainAuth(juliet.username, juliet.password, juliet.jid)), "success");
    wire.cut();
  });

  test("makes the bare JID of the user name in its canonical form, and of the stream's domain", async () => {
    const juliet = await newcomer(twoDomains, "juliet");
    const shouted = await juliet.connect("r", {
      username: juliet.username.toUpperCase(),
      mechanism: "PLAIN",
    });
    assert.equal(shouted.bare, juliet.jid);
    assert.equal(juliet.domain, "capulet.example");
    await assert.rejects(juliet.connect("r", { domain: "montague.example" }), SaslFailure);
  });

  test("has no second time on a stream", async () => {
    const juliet = await newcomer(server, "juliet");
    const client = await XmppClient.authenticate({
      endpoint: server.c2s,
      tls: "none",
      domain: server.domain,
      username: juliet.username,
      password: juliet.password,
    });
    client.send(plainAuth(juliet.username, juliet.password));
    await expectStreamError(client.wire, "not-authorized");
  });

  test("over TLS goes with the identity that the stream header claimed", async () => {
    const juliet = await newcomer(server, "juliet");
    const { wire } = await openStream(server, streamHeader("localhost", " from='romeo@localhost'"), "direct");
    assert.equal(await answerTo(wire, plainAuth(juliet.username, juliet.password)), "success");
    wire.restart();
    wire.send(streamHeader("localhost"));
    await wire.header();
    await expectStreamError(wire, "invalid-from");
  });
});

describe("a login that fails", () => {
  const scram = (message: string) => auth("SCRAM-SHA-1", base64(message));
  const cases: readonly (readonly [what: string, xml: string, condition: string])[] = [
    ["an unknown mechanism", auth("X-MASQUE"), "invalid-mechanism"],
    ["no mechanism", `<auth xmlns='${saslNamespace}'>AA==</auth>`, "invalid-mechanism"],
    ["channel binding where there is no channel", auth("SCRAM-SHA-256-PLUS"), "invalid-mechanism"],
    ["foreign characters in base64", auth("PLAIN", "AG*A"), "incorrect-encoding"],
    ["= inside base64", auth("PLAIN", "AA=AAA=="), "incorrect-encoding"],
    ["white space in base64", auth("PLAIN", "AAAA AAAA"), "incorrect-encoding"],
    ["padding bits that are not zero", auth("PLAIN", "AB=="), "incorrect-encoding"],
    ["base64 of a broken message", auth("PLAIN", base64("juliet")), "malformed-request"],
    ["an empty initial response", auth("PLAIN", "="), "malformed-request"],
    ["a response to nothing", `<response xmlns='${saslNamespace}'/>`, "malformed-request"],
    ["a SCRAM message that begins with neither n, y nor p", scram("x,,n=juliet,r=abc"), "malformed-request"],
    ["a SCRAM name with a bare =", scram("n,,n=juliet=,r=abc"), "malformed-request"],
    ["a mandatory extension of SCRAM", scram("n,,m=new,n=juliet,r=abc"), "malformed-request"],
    ["an abort", `<abort xmlns='${saslNamespace}'/>`, "aborted"],
    ["a name that nobody can have", plainAuth("a@b", "secret"), "not-authorized"],
  ];
  for (const [what, xml, condition] of cases) {
    test(`by ${what} is ${condition}, and may be tried again`, async () => {
      const juliet = await newcomer(server, "juliet");
      const { wire } = await openStream(server);
      assert.equal(await answerTo(wire, xml), `failure ${condition}`);
      assert.equal(await answerTo(wire, plainAuth(juliet.username, juliet.password)), "success");
      wire.cut();
    });
  }

  test("looks the same for a wrong password and for a user who does not exist", async () => {
    const juliet = await newcomer(server, "juliet");
    const seen = async (username: string): Promise<string[]> => {
      const { wire } = await openStream(server);
      wire.send(auth("SCRAM-SHA-256", base64(`n,,n=${username},r=clientnonce`)));
      const challenge = await wire.next();
      const parts = Buffer.from(challenge.text(), "base64").toString().split(",");
      const nonce = parts[0]?.slice(2);
      const salt = Buffer.from(parts[1]?.slice(2) ?? "", "base64");
      const proof = base64(`c=biws,r=${nonce},p=${base64("x".repeat(32))}`);
      const outcome = await answerTo(wire, `<response xmlns='${saslNamespace}'>${proof}</response>`);
      const plain = await answerTo(wire, plainAuth(username, "wrong"));
      wire.cut();
      return [challenge.name, String(nonce?.length), String(salt.length), parts[2] ?? "", outcome, plain];
    };
    assert.deepEqual(await seen(juliet.username), await seen("nobody"));
  });

  test("by another nonce or another binding than agreed is not-authorized", async () => {
    const juliet = await newcomer(server, "juliet");
    const { wire } = await openStream(server);
    const nonces: string[] = [];
    for (const [binding, nonceOf] of [
      ["biws", (nonce: string) => `${nonce}x`],
      ["eSws", (nonce: string) => nonce],
    ] as const) {
      wire.send(auth("SCRAM-SHA-1", base64(`n,,n=${juliet.username},r=clientnonce`)));
      const challenge = Buffer.from((await wire.next()).text(), "base64").toString();
      const nonce = /^r=([^,]*)/.exec(challenge)?.[1] ?? "";
      assert.ok(nonce.startsWith("clientnonce") && nonce.length > "clientnonce".length);
      nonces.push(nonce);
      const final = base64(`c=${binding},r=${nonceOf(nonce)},p=${base64("x".repeat(20))}`);
      const answer = await answerTo(wire, `<response xmlns='${saslNamespace}'>${final}</response>`);
      assert.equal(answer, "failure not-authorized");
    }
    assert.equal(new Set(nonces).size, 2, "the server's part is fresh for each attempt");
    wire.cut();
  });

  test("by a client that was talked out of channel binding is not-authorized", async () => {
    const juliet = await newcomer(server, "juliet");
    const { wire } = await openStream(server, undefined, "direct");
    for (const [mechanism, flag] of [
      ["SCRAM-SHA-1", "y"],
      ["SCRAM-SHA-1-PLUS", "p=tls-unique"],
      ["SCRAM-SHA-1-PLUS", "n"],
    ] as const) {
      const login = auth(mechanism, base64(`${flag},,n=${juliet.username},r=clientnonce`));
      assert.equal(await answerTo(wire, login), "failure not-authorized", flag);
    }
    wire.cut();
  });

  test("in the middle may be replaced by another mechanism", async () => {
    const juliet = await newcomer(server, "juliet");
    const { wire } = await openStream(server);
    assert.equal(
      await answerTo(wire, auth("SCRAM-SHA-1", base64(`n,,n=${juliet.username},r=abc`))),
      "challenge",
    );
    assert.equal(await answerTo(wire, plainAuth(juliet.username, juliet.password)), "success");
    wire.restart();
    await nextStream(wire, streamHeader("localhost"));
    wire.cut();
  });

  test("is forgiven three times, and the fourth ends the stream with policy-violation", async () => {
    const juliet = await newcomer(server, "juliet");
    const { wire } = await openStream(server);
    for (let attempt = 1; attempt <= 4; attempt++) {
      assert.equal(await answerTo(wire, plainAuth(juliet.username, "wrong")), "failure not-authorized");
    }
    await expectStreamError(wire, "policy-violation");
  });
});
