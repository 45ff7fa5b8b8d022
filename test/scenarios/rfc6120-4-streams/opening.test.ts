import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { newcomer, story, storyServer, streamHeader, Wire } from "@rollcall/testkit";
import {
  bindNamespace,
  expectStreamError,
  nextStream,
  openStream,
  plainAuth,
  saslAnswer,
} from "../raw-stream.ts";

const server = await storyServer();
const twoDomains = await storyServer({ settings: { domains: ["capulet.example", "montague.example"] } });

function header(attributes: string, namespaces = "xmlns='jabber:client'"): string {
  return `<stream:stream ${attributes} ${namespaces} xmlns:stream='http://etherx.jabber.org/streams'>`;
}

describe("a stream header", () => {
  test("is answered on the same connection by a header of the server and by features", async () => {
    const { wire, header: answer, features } = await openStream(server);
    assert.ok(wire.received.startsWith(`<?xml version="1.0"?><stream:stream xmlns="jabber:client"`));
    assert.equal(answer.name, "stream");
    assert.equal(answer.namespace, "http://etherx.jabber.org/streams");
    const { id, ...rest } = answer.attributes;
    assert.deepEqual(rest, { from: "localhost", version: "1.0", "xml:lang": "en" });
    assert.match(id ?? "", /^[\w-]{22,}$/);
    for (const feature of features.elements()) {
      assert.notEqual(feature.namespace, "http://etherx.jabber.org/streams");
      assert.notEqual(feature.namespace, "jabber:client");
    }
    wire.cut();
  });

  test("with from is answered to that bare JID, and one without from to nobody", async () => {
    const named = await openStream(server, streamHeader("localhost", " from='Juliet@Localhost/balcony'"));
    assert.equal(named.header.to, "juliet@localhost");
    const unnamed = await openStream(server);
    assert.equal(unnamed.header.to, undefined);
    assert.ok(!("to" in unnamed.header.attributes));
    named.wire.cut();
    unnamed.wire.cut();
  });

  test("gets an id that nobody else has, and not the one that the client sent", async () => {
    const opened = await Promise.all(
      Array.from({ length: 50 }, () => openStream(server, streamHeader("localhost", " id='mine'"))),
    );
    const ids = new Set(opened.map(({ header: answer }) => answer.id));
    assert.equal(ids.size, 50);
    assert.ok(!ids.has("mine"));
    for (const { wire } of opened) wire.cut();
  });

  test("in any language is answered in the server's own", async () => {
    for (const lang of ["de-CH", "en", "en-GB", "x-klingon"]) {
      const { wire, header: answer } = await openStream(
        server,
        streamHeader("localhost", ` xml:lang='${lang}'`),
      );
      assert.equal(answer.attributes["xml:lang"], "en", lang);
      wire.cut();
    }
  });

  test("has its version compared by numbers, and a higher one is answered by 1.0", async () => {
    for (const version of ["1.0", "1.1", "1.10", "2.0", "10.0", "01.00"]) {
      const { wire, header: answer } = await openStream(
        server,
        header(`to='localhost' version='${version}'`),
      );
      assert.equal(answer.attributes.version, "1.0", version);
      wire.cut();
    }
  });

  test("of version 0.9, said or implied, gets no features and no version 1.0", async () => {
    for (const [said, answered] of [
      ["version='0.9'", "0.9"],
      ["version='0.10'", "0.10"],
      ["", undefined],
    ] as const) {
      const wire = await Wire.open(server.c2s);
      wire.send(header(`to='localhost' ${said}`));
      assert.equal((await wire.header()).attributes.version, answered);
      await expectStreamError(wire, "unsupported-version");
      assert.doesNotMatch(wire.received, /features/);
    }
  });

  test("without to is for the one domain that is served", async () => {
    const { wire, header: answer, features } = await openStream(server, header("version='1.0'"));
    assert.equal(answer.from, "localhost");
    assert.ok(features.child("mechanisms"));
    wire.cut();
  });

  test("without to where several domains are served is host-unknown, in the name of one of them", async () => {
    const wire = await Wire.open(twoDomains.c2s);
    wire.send(header("version='1.0'"));
    assert.equal((await wire.header()).from, "capulet.example");
    await expectStreamError(wire, "host-unknown");
  });

  test("for a domain that is not served is host-unknown, in the name of one that is", async () => {
    for (const to of ["verona.example", "a b", ""]) {
      const wire = await Wire.open(twoDomains.c2s);
      wire.send(header(`to='${to}' version='1.0'`));
      const answer = await wire.header();
      assert.equal(answer.from, "capulet.example", to);
      assert.notEqual(answer.id, undefined);
      await expectStreamError(wire, "host-unknown");
    }
  });

  test("is answered by the domain that it names", async () => {
    for (const to of ["montague.example", "Montague.Example", "montague.example."]) {
      const { wire, header: answer } = await openStream(twoDomains, header(`to='${to}' version='1.0'`));
      assert.equal(answer.from, "montague.example", to);
      wire.cut();
    }
  });
});

describe("the restart after SASL", () => {
  test(
    "keeps the connection, ends no stream, and gives a new id and the features of the next stage",
    story(server, ["juliet"], async ({ juliet }) => {
      const first = await openStream(server);
      const { wire } = first;
      const offered = first.features.elements().map(({ name }) => name);
      assert.deepEqual(offered, ["starttls", "mechanisms"]);
      wire.send(plainAuth(juliet.username, juliet.password));
      assert.equal(await saslAnswer(wire), "success");
      assert.doesNotMatch(wire.received, /<\/stream:stream>/);
      wire.restart();
      const before = wire.received.length;
      const second = await nextStream(wire, streamHeader("localhost"));
      assert.ok(wire.received.slice(before).startsWith(`<?xml version="1.0"?><stream:stream`));
      assert.notEqual(second.header.id, first.header.id);
      assert.ok(second.features.child("bind", bindNamespace));
      assert.equal(second.features.child("mechanisms"), undefined);
      assert.equal(second.features.child("starttls"), undefined);
      wire.cut();
    }),
  );

  test(
    "is the last one: binding brings no new stream and no further features",
    story(server, ["juliet"], async ({ juliet }) => {
      const session = await juliet.online("balcony");
      assert.equal(session.wire.received.match(/<stream:stream /g)?.length, 2);
      assert.equal(session.wire.received.match(/<stream:features>/g)?.length, 2);
    }),
  );

  test("does not lead to another domain of the server", async () => {
    const juliet = await newcomer(twoDomains, "juliet");
    const { wire } = await openStream(twoDomains, streamHeader("capulet.example"));
    wire.send(plainAuth(juliet.username, juliet.password));
    assert.equal(await saslAnswer(wire), "success");
    wire.restart();
    wire.send(streamHeader("montague.example"));
    await wire.header();
    await expectStreamError(wire, "not-authorized");
  });
});

describe("namespaces of the stream", () => {
  test(
    "may leave the content namespace out, if every stanza declares it",
    story(server, ["juliet"], async ({ juliet }) => {
      for (const opening of [
        `<stream xmlns='http://etherx.jabber.org/streams' to='localhost' version='1.0'>`,
        header("to='localhost' version='1.0'", ""),
      ]) {
        const { wire } = await openStream(server, opening);
        wire.send(plainAuth(juliet.username, juliet.password));
        assert.equal(await saslAnswer(wire), "success");
        wire.restart();
        await nextStream(wire, opening);
        wire.send(`<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='${bindNamespace}'/></iq>`);
        const bound = await wire.take(({ id }) => id === "b");
        assert.equal(bound.namespace, "jabber:client");
        assert.equal(bound.type, "result");
        wire.cut();
      }
    }),
  );

  test("are refused where they are not those of a client's stream", async () => {
    const cases: readonly (readonly [string, string])[] = [
      [header("to='localhost' version='1.0'", "xmlns='jabber:server'"), "invalid-namespace"],
      [header("to='localhost' version='1.0'", "xmlns='urn:example'"), "invalid-namespace"],
      [
        header("to='localhost' version='1.0'", "xmlns='jabber:client' xmlns:x='urn:example'"),
        "invalid-namespace",
      ],
      [
        "<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='urn:example'>",
        "invalid-namespace",
      ],
      [
        "<s:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>",
        "bad-namespace-prefix",
      ],
    ];
    for (const [opening, condition] of cases) {
      const wire = await Wire.open(server.c2s);
      wire.send(opening);
      assert.equal((await wire.header()).from, "localhost");
      await expectStreamError(wire, condition);
    }
  });
});
