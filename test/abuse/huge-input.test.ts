import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { eventually, newcomer, PATIENCE_MS, story, streamHeader } from "@rollcall/testkit";
import { serverProcess } from "./server-process.ts";
import { underAttack } from "./under-attack.ts";

const server = await serverProcess({ "limits.close_seconds": 1 });
const MEGABYTES_20 = 20 * 1_048_576;

/** A pattern until there are so many bytes, in pieces. */
function* pieces(start: string, pattern: string, bytes = MEGABYTES_20): Generator<Buffer> {
  yield Buffer.from(start);
  const piece = Buffer.from(pattern.repeat(Math.ceil(65_536 / pattern.length)));
  for (let sent = 0; sent < bytes; sent += piece.length) yield piece;
}

function numbered(start: string, count: number, one: (index: number) => string): Generator<Buffer> {
  return (function* () {
    yield Buffer.from(start);
    for (let from = 0; from < count; from += 1_000) {
      yield Buffer.from(Array.from({ length: 1_000 }, (_, index) => one(from + index)).join(""));
    }
  })();
}

const attacks: readonly (readonly [what: string, bytes: () => Iterable<Buffer>, condition: string])[] = [
  ["an attribute of 20 MB", () => pieces("<message id='", "x"), "policy-violation"],
  ["a name of 20 MB", () => pieces("<message><", "x"), "policy-violation"],
  ["text of 20 MB", () => pieces("<message><body>", "lorem ipsum "), "policy-violation"],
  ["a CDATA section of 20 MB", () => pieces("<message><body><![CDATA[", "]] >"), "policy-violation"],
  ["references of 20 MB", () => pieces("<message><body>", "&amp;"), "policy-violation"],
  ["white space of 20 MB in a tag", () => pieces("<message ", " \n"), "policy-violation"],
  ["100,000 nested tags", () => pieces("<message>", "<a>", 300_000), "policy-violation"],
  [
    "100,000 nested namespaces",
    () => numbered("<message>", 100_000, (index) => `<a xmlns='urn:${index}'>`),
    "policy-violation",
  ],
  [
    "100,000 attributes",
    () => numbered("<message ", 100_000, (index) => `a${index}='' `),
    "policy-violation",
  ],
  [
    "100,000 prefixes",
    () => numbered("<message ", 100_000, (index) => `xmlns:p${index}='u${index}' `),
    "policy-violation",
  ],
  ["elements beside each other, 20 MB", () => pieces("<message>", "<a/>"), "policy-violation"],
  [
    "a billion laughs",
    () => pieces("<!DOCTYPE lolz [<!ENTITY lol 'lol'>", "<!ENTITY lol2 '&lol;&lol;&lol;&lol;'>"),
    "restricted-xml",
  ],
  ["a comment of 20 MB", () => pieces("<!--", "-x"), "restricted-xml"],
];

/** Sends as fast as the server reads, until the server has closed; returns what it said. */
async function pour(opening: string, bytes: Iterable<Buffer>): Promise<string> {
  const socket = connect({ ...server.c2s, allowHalfOpen: true });
  socket.on("error", () => {});
  await once(socket, "connect");
  let said = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const closed = once(socket, "close", { signal: AbortSignal.timeout(PATIENCE_MS) });
  socket.write(opening);
  for (const piece of bytes) {
    if (socket.destroyed) break;
    if (!socket.write(piece)) await Promise.race([once(socket, "drain"), closed]);
  }
  socket.end();
  await closed;
  return said;
}

describe("before the login", () => {
  for (const [what, bytes, condition] of attacks) {
    test(`${what} is ${condition}, and takes no memory`, async (t) => {
      await underAttack(t, server, { growthMb: 120 }, async () => {
        const answers = await Promise.all(
          Array.from({ length: 4 }, () => pour(streamHeader("localhost"), bytes())),
        );
        for (const said of answers) {
          assert.match(said, new RegExp(`<stream:error><${condition} .*</stream:stream>$`, "s"));
        }
      });
    });
  }

  test("white space without end is read and forgotten", async (t) => {
    await underAttack(t, server, { growthMb: 120 }, async () => {
      const answers = await Promise.all(
        Array.from({ length: 4 }, () => pour(streamHeader("localhost"), pieces("", " \n\t"))),
      );
      for (const said of answers) assert.doesNotMatch(said, /stream:error/);
    });
  });
});

describe("after the login", () => {
  for (const [what, bytes, condition] of attacks) {
    test(`${what} is ${condition}, and takes no memory`, async (t) => {
      const mallory = await newcomer(server, "mallory");
      await underAttack(t, server, { growthMb: 120 }, async () => {
        const { wire } = await mallory.online("r");
        for (const piece of bytes()) {
          if (wire.closed) break;
          if (wire.socket.writable && !wire.socket.write(piece)) {
            await Promise.race([once(wire.socket, "drain").catch(() => {}), wire.gone()]);
          }
        }
        const error = await wire.take(({ name }) => name === "error", "a stream error");
        assert.equal(error.elements()[0]?.name, condition);
        wire.socket.end();
        await wire.gone();
      });
    });
  }
});

test(
  "the largest stanza that is allowed goes through",
  story(server, ["romeo", "juliet"], async ({ romeo, juliet }) => {
    const balcony = await juliet.online("balcony");
    const orchard = await romeo.online("orchard");
    const deep = `${"<a xmlns='urn:example:deep'>".repeat(60)}${"</a>".repeat(60)}`;
    const wide = `<w xmlns='urn:example:wide' ${Array.from({ length: 60 }, (_, index) => `a${index}='&lt;'`).join(" ")}/>`;
    const body = "é".repeat(120_000);
    orchard.send(`<message to='${balcony.full}' id='large'>${deep}${wide}<body>${body}</body></message>`);
    const message = await balcony.receive("message", { id: "large" });
    assert.equal(message.childText("body"), body);
    assert.equal(Object.keys(message.child("w")?.attributes ?? {}).length, 60);
  }),
);

test("nothing of it is left", async () => {
  await eventually("all connections are gone", async () => (await server.counters()).connections === 0);
});
