import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type AccountStore, StoreUnavailableError } from "@rollcall/accounts";
import {
  readServerFirst,
  saltPassword,
  scramClientFinal,
  scramClientFirst,
  scramClientKeys,
} from "@rollcall/xmpp";
import { eventually } from "../testing/eventually.ts";
import { base64, plainAuth, type ScriptedClient, streamHeader } from "../testing/scripted-client.ts";
import { NODE, startConnection } from "../testing/start-connection.ts";

const sasl = "urn:ietf:params:xml:ns:xmpp-sasl";

function failure(condition: string): string {
  return `<failure xmlns="${sasl}"><${condition}/></failure>`;
}

async function scram(
  client: ScriptedClient,
  mechanism: "SCRAM-SHA-1" | "SCRAM-SHA-256",
  password: string,
  user = "juliet",
): Promise<string> {
  const first = scramClientFirst({ username: user, nonce: "abcdefgh" });
  client.send(`<auth xmlns="${sasl}" mechanism="${mechanism}">${base64(first.message)}</auth>`);
  const challenge = /<challenge [^>]*>([^<]*)</.exec(await client.expect("</challenge>"))![1]!;
  const serverFirst = readServerFirst(first, Buffer.from(challenge, "base64"));
  const salted = await saltPassword(mechanism, password, serverFirst.salt, serverFirst.iterations);
  const final = scramClientFinal(mechanism, first, serverFirst, scramClientKeys(mechanism, salted!));
  client.send(`<response xmlns="${sasl}">${base64(final.message)}</response>`);
  return client.expect(/<\/success>|<\/failure>/);
}

describe("a login", () => {
  test("goes from the header to a bound resource", async (t) => {
    const { connect, owners, service } = await startConnection(t);
    const client = await connect();
    const features = await client.open();
    assert.match(features, /^<\?xml version="1\.0"\?><stream:stream [^>]*from="example\.org"/);
    assert.match(
      features,
      /<mechanism>SCRAM-SHA-256<\/mechanism><mechanism>SCRAM-SHA-1<\/mechanism><mechanism>PLAIN</,
    );
    const firstId = /id="([^"]+)"/.exec(features)![1];
    await client.authenticate("juliet");
    const second = await client.open();
    assert.match(second, /<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"\/>/);
    assert.match(second, /urn:xmpp:features:rosterver.*urn:xmpp:features:pre-approval/);
    assert.notEqual(/id="([^"]+)"/.exec(second)![1], firstId);
    assert.match(await client.bind("balcony"), /<jid>juliet@example\.org\/balcony<\/jid>/);
    assert.deepEqual(
      owners.binds.map(({ account, requested, session }) => ({ account, requested, node: session.node })),
      [{ account: "juliet@example.org", requested: "balcony", node: NODE }],
    );
    assert.equal(service.counters().sessions.total, 1);
  });

  test("may come in one packet", async (t) => {
    const { connect } = await startConnection(t);
    const client = await connect();
    client.send(
      streamHeader() +
        plainAuth("juliet", "secret") +
        streamHeader() +
        '<iq type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>' +
        '<iq type="get" id="p" to="example.org"><ping xmlns="urn:xmpp:ping"/></iq>',
    );
    await client.expect(/<jid>juliet@example\.org\/[0-9a-f-]{36}<\/jid>/);
    await client.expect('id="p"');
  });

  test("may come byte by byte", async (t) => {
    const { connect } = await startConnection(t);
    const client = await connect();
    client.socket.setNoDelay(true);
    for (const byte of Buffer.from(streamHeader() + plainAuth("juliet", "secret"))) {
      client.socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.expect("<success");
  });

  for (const mechanism of ["SCRAM-SHA-1", "SCRAM-SHA-256"] as const) {
    test(`works by ${mechanism}`, async (t) => {
      const { connect } = await startConnection(t);
      const client = await connect();
      await client.open();
      assert.equal(await scram(client, mechanism, "wrong"), failure("not-authorized"));
      assert.match(await scram(client, mechanism, "secret"), /^<success [^>]*>[A-Za-z0-9+/=]+<\/success>$/);
      await client.open();
      assert.match(await client.bind("r"), /juliet@example\.org\/r/);
    });
  }

  test("works by PLAIN without initial response", async (t) => {
    const { connect } = await startConnection(t);
    const client = await connect();
    await client.open();
    client.send(`<auth xmlns="${sasl}" mechanism="PLAIN"/>`);
    await client.expect(`<challenge xmlns="${sasl}"/>`);
    client.send(`<response xmlns="${sasl}">${base64("\0juliet\0secret")}</response>`);
    await client.expect(`<success xmlns="${sasl}"/>`);
  });

  test("may name the own account as authorization identity", async (t) => {
    const { connect } = await startConnection(t);
    const client = await connect();
    await client.open();
    client.send(plainAuth("juliet", "secret", "juliet@example.org"));
    await client.expect("<success");
  });

  test("is logged nowhere with its password", async (t) => {
    const { connect, log } = await startConnection(t);
    const client = await connect();
    await client.open();
    client.send(plainAuth("juliet", "hunter2"));
    await client.expect("</failure>");
    assert.doesNotMatch(JSON.stringify(log), /hunter2/);
  });
});

describe("a failed authentication", () => {
  const cases: readonly [string, string, string][] = [
    ["with the wrong password", plainAuth("juliet", "wrong"), "not-authorized"],
    ["of an unknown user", plainAuth("mercutio", "secret"), "not-authorized"],
    ["of a name that cannot be one", plainAuth("a@b", "secret"), "not-authorized"],
    ["of a disabled account", plainAuth("tybalt", "secret"), "account-disabled"],
    ["of a disabled account with the wrong password", plainAuth("tybalt", "wrong"), "not-authorized"],
    ["for somebody else", plainAuth("juliet", "secret", "romeo@example.org"), "invalid-authzid"],
    ["that breaks the syntax", `<auth xmlns="${sasl}" mechanism="PLAIN">AAAA</auth>`, "malformed-request"],
    ["that is no base64", `<auth xmlns="${sasl}" mechanism="PLAIN">!</auth>`, "incorrect-encoding"],
    ["by an unknown mechanism", `<auth xmlns="${sasl}" mechanism="DIGEST-MD5"/>`, "invalid-mechanism"],
    [
      "by a -PLUS mechanism without TLS",
      `<auth xmlns="${sasl}" mechanism="SCRAM-SHA-1-PLUS"/>`,
      "invalid-mechanism",
    ],
    ["that is aborted", `<auth xmlns="${sasl}" mechanism="PLAIN"/><abort xmlns="${sasl}"/>`, "aborted"],
    ["of a response to nothing", `<response xmlns="${sasl}"/>`, "malformed-request"],
  ];
  for (const [what, xml, condition] of cases) {
    test(`${what} is ${condition}, and may be followed by a better one`, async (t) => {
      const { connect } = await startConnection(t);
      const client = await connect();
      await client.open();
      client.send(xml);
      await client.expect(failure(condition));
      await client.authenticate("juliet");
    });
  }

  test("before required TLS is encryption-required", async (t) => {
    const { connect } = await startConnection(t, { settings: { "tls.required": true } });
    const client = await connect();
    assert.doesNotMatch(await client.open(), /mechanism/);
    client.send(plainAuth("juliet", "secret"));
    await client.expect(failure("encryption-required"));
  });

  test("by PLAIN where it is switched off is mechanism-too-weak", async (t) => {
    const { connect } = await startConnection(t, { settings: { "auth.plain": false } });
    const client = await connect();
    assert.doesNotMatch(await client.open(), /PLAIN/);
    client.send(plainAuth("juliet", "secret"));
    await client.expect(failure("mechanism-too-weak"));
  });

  test("while the accounts cannot be read is temporary", async (t) => {
    const accounts = {
      find: async () => {
        throw new StoreUnavailableError("no answer");
      },
    } as unknown as AccountStore;
    const { connect } = await startConnection(t, { accounts });
    const client = await connect();
    await client.open();
    client.send(plainAuth("juliet", "secret"));
    await client.expect(failure("temporary-auth-failure"));
  });

  test("by a fault of ours is temporary, and logged", async (t) => {
    const accounts = { find: () => Promise.resolve({}) } as unknown as AccountStore;
    const { connect, log } = await startConnection(t, { accounts });
    const client = await connect();
    await client.open();
    client.send(plainAuth("juliet", "secret"));
    await client.expect(failure("temporary-auth-failure"));
    assert.deepEqual(log.filter(({ event }) => event.startsWith("sasl.")).length, 1);
  });

  test("is forgiven three times", async (t) => {
    const { connect } = await startConnection(t);
    const client = await connect();
    await client.open();
    for (let attempt = 1; attempt <= 4; attempt++) {
      client.send(plainAuth("juliet", "wrong"));
      await client.expect(failure("not-authorized"));
    }
    await client.expect("<stream:error><policy-violation ");
    client.send("</stream:stream>");
    assert.match(await client.expectEnd(), /<\/stream:stream>$/);
  });

  test("counts against the address, which has to wait after too many", async (t) => {
    const { clock, connect, service } = await startConnection(t, {
      settings: { "auth.failures_per_address": 1 },
    });
    const client = await connect();
    await client.open();
    client.send(plainAuth("juliet", "wrong"));
    await client.expect(failure("not-authorized"));
    client.send(plainAuth("juliet", "secret"));
    await client.expect("<policy-violation ");

    const { sweeps } = service.counters();
    clock.time += 60_000;
    await eventually(() => assert.ok(service.counters().sweeps > sweeps + 1));
    const again = await connect();
    await again.open();
    await again.authenticate("juliet");
  });

  test("shows an unknown user the same salt each time", async (t) => {
    const { connect } = await startConnection(t);
    const salts = new Set<string>();
    for (let attempt = 0; attempt < 2; attempt++) {
      const client = await connect();
      await client.open();
      const first = base64("n,,n=mercutio,r=abcdefgh");
      client.send(`<auth xmlns="${sasl}" mechanism="SCRAM-SHA-256">${first}</auth>`);
      const challenge = /<challenge [^>]*>([^<]*)</.exec(await client.expect("</challenge>"))![1]!;
      salts.add(/s=[^,]*,i=\d+/.exec(Buffer.from(challenge, "base64").toString())![0]);
    }
    assert.equal(salts.size, 1);
  });
});

describe("binding", () => {
  async function authenticated(...parameters: Parameters<typeof startConnection>) {
    const running = await startConnection(...parameters);
    const client = await running.connect();
    await client.open();
    await client.authenticate("juliet");
    await client.open();
    return { ...running, client };
  }

  test("takes what the owner of the account decided", async (t) => {
    const { client, owners } = await authenticated(t);
    owners.onBind = ({ generated }) => ({ kind: "bound", resource: generated });
    assert.match(await client.bind("balcony"), /<jid>juliet@example\.org\/[0-9a-f-]{36}<\/jid>/);
  });

  for (const condition of ["resource-constraint", "not-allowed", "conflict"] as const) {
    test(`that is refused with ${condition} may be tried again`, async (t) => {
      const { client, owners } = await authenticated(t);
      const usual = owners.onBind;
      owners.onBind = () => ({ kind: "refused", condition });
      assert.match(await client.bind("balcony"), new RegExp(`type="error".*<${condition} `));
      owners.onBind = usual;
      assert.match(await client.bind("balcony"), /juliet@example\.org\/balcony/);
    });
  }

  test("that no owner answers is a matter of waiting", async (t) => {
    const { client, owners } = await authenticated(t, { settings: { "limits.bind_ms": 100 } });
    owners.onBind = () => new Promise(() => {});
    assert.match(await client.bind("balcony"), /<error type="wait"><resource-constraint /);
  });

  test("that may have happened unnoticed is taken back when the stream ends", async (t) => {
    const { client, owners } = await authenticated(t, { settings: { "limits.bind_ms": 100 } });
    owners.onBind = () => new Promise(() => {});
    await client.bind("balcony");
    client.destroy();
    await owners.until(1);
    assert.deepEqual(owners.kinds, ["presence end-session"]);
  });

  test("of a client that left meanwhile is taken back", async (t) => {
    const { client, owners } = await authenticated(t);
    const asked = new Promise<void>((resolve) => {
      owners.onBind = async ({ generated }) => {
        resolve();
        client.destroy();
        await client.expectClose();
        return { kind: "bound", resource: generated };
      };
    });
    client.send('<iq type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>');
    await asked;
    await owners.until(1);
    assert.deepEqual(owners.kinds, ["presence end-session"]);
  });

  test("has to come first", async (t) => {
    const { client, owners } = await authenticated(t);
    client.send("<message to='romeo@example.org'><body>hello</body></message>");
    await client.expect("<stream:error><not-authorized ");
    assert.deepEqual(owners.received, []);
  });

  test("is done once", async (t) => {
    const { client } = await authenticated(t);
    await client.bind("balcony");
    assert.match(await client.bind("chamber"), /<error type="cancel"><not-allowed /);
  });
});

describe("round trips", () => {
  test("a message goes to the owner of its addressee, and a delivery to its session", async (t) => {
    const { client, owners, deliver } = await startConnection(t);
    const juliet = await client("juliet", "balcony");
    juliet.send("<message to='romeo@example.org' type='chat' id='m1'><body>&lt;3 ☕</body></message>");
    await owners.until(1);
    const [message] = owners.received;
    assert.ok(message?.channel === "deliver");
    assert.equal(message.payload.stanza.from, "juliet@example.org/balcony");
    assert.equal(message.payload.stanza.payload, "<body>&lt;3 ☕</body>");
    const { session } = owners.binds[0]!.session;
    await deliver({ kind: "write", session, xml: "<message id='m2'><body>✓</body></message>" });
    await juliet.expect("<message id='m2'><body>✓</body></message>");
  });

  test("the language of the stream goes with its stanzas", async (t) => {
    const { client, owners } = await startConnection(t);
    const juliet = await client("juliet", "balcony", "xml:lang='it'");
    juliet.send("<message to='romeo@example.org'/>");
    await owners.until(1);
    const [message] = owners.received;
    assert.ok(message?.channel === "deliver");
    assert.equal(message.payload.stanza.lang, "it");
  });

  test("a delivery for a session that is gone goes back to the owner", async (t) => {
    const { owners, deliver } = await startConnection(t);
    await deliver({
      kind: "write",
      session: 77,
      xml: "<message from='romeo@example.org/x' to='juliet@example.org/balcony'><body>hi</body></message>",
    });
    await owners.until(1);
    const [message] = owners.received;
    assert.ok(message?.channel === "deliver");
    assert.deepEqual(message.payload.failedSession, { node: NODE, session: 77 });
  });
});
