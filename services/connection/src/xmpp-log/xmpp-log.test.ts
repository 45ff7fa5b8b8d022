import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { ConnectionSettings } from "../config.ts";
import { eventually } from "../testing/eventually.ts";
import { ScriptedClient } from "../testing/scripted-client.ts";
import { type Running, startConnection } from "../testing/start-connection.ts";

interface Logged extends Running {
  readonly path: string;
}

async function startLogged(t: TestContext, settings: Partial<ConnectionSettings> = {}): Promise<Logged> {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-xmpp-log-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "xmpp.log");
  const running = await startConnection(t, {
    settings: {
      "xmpp_log.enabled": true,
      "xmpp_log.file": path,
      "xmpp_log.heartbeat_seconds": 0,
      ...settings,
    },
  });
  return { ...running, path };
}

function linesOf(path: string): string[] {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
}

/** Waits for so many records, which lose their time and the port of the client. */
async function records(path: string, count: number): Promise<string[]> {
  await eventually(() => assert.ok(linesOf(path).length >= count, linesOf(path).join("\n")));
  return linesOf(path).map((line) =>
    line.replace(/^1000000000\+/, "").replace(/\+127\.0\.0\.1:\d+$/, "+HOST"),
  );
}

function handleOf(running: Running): number {
  return running.owners.binds.at(-1)!.session.session;
}

const ping = '<iq type="get" id="p" to="example.org"><ping xmlns="urn:xmpp:ping"/></iq>';

describe("a record is written", () => {
  test("for what a client sends, in its order, and for nothing before its login", async (t) => {
    const running = await startLogged(t, { "xmpp_log.delivery": false });
    const juliet = await running.client("juliet", "balcony");
    juliet.send(
      '<presence><status>secret</status></presence><message to="romeo@example.org" type="chat" id="m1"><body>secret</body></message>' +
        '<iq type="set" id="r1"><query xmlns="jabber:iq:roster"><item jid="romeo@example.org"/></query></iq>' +
        '<message to="@@" id="m2"/></stream:stream>',
    );
    assert.deepEqual(await records(running.path, 5), [
      "R+presence++juliet@example.org/balcony+++HOST",
      "R+message+romeo@example.org+juliet@example.org/balcony+m1+chat+HOST",
      "R+iq++juliet@example.org/balcony+r1+set+HOST",
      "R+message+@@+juliet@example.org/balcony+m2++HOST",
      "R+stream++juliet@example.org/balcony+++HOST",
    ]);
  });

  test("for what is written to a client: of owners, of this server, and the end", async (t) => {
    const running = await startLogged(t, { "xmpp_log.reception": false });
    const juliet = await running.client("juliet", "balcony");
    const session = handleOf(running);
    await running.deliver(
      {
        kind: "write",
        session,
        xml:
          '<message from="romeo@example.org/orchard" to="juliet@example.org" type="chat" id="m1"><body>secret</body></message>' +
          '<iq to="juliet@example.org/balcony" type="set" id="push1"><query xmlns="jabber:iq:roster"/></iq>',
      },
      {
        kind: "fan-out",
        before: '<presence from="romeo@example.org/orchard" to="',
        after: '"><show>away</show></presence>',
        to: ["juliet@example.org"],
        sessions: [session],
      },
    );
    await juliet.expect("</presence>");
    juliet.send(ping);
    await juliet.expect('id="p"');
    await running.deliver({ kind: "close", session, condition: "conflict", text: "replaced" });
    assert.deepEqual(await records(running.path, 6), [
      "D+message+juliet@example.org+romeo@example.org/orchard+m1+chat+HOST",
      "D+iq+juliet@example.org/balcony++push1+set+HOST",
      "D+presence+juliet@example.org+romeo@example.org/orchard+++HOST",
      "D+iq+juliet@example.org/balcony+example.org+p+result+HOST",
      "D+error+juliet@example.org/balcony++++HOST",
      "D+stream+juliet@example.org/balcony++++HOST",
    ]);
  });

  test("over TLS as well, with the address of the client", async (t) => {
    const running = await startLogged(t);
    const juliet = await ScriptedClient.connectTls(running.service.addresses().c2sTls);
    t.after(() => juliet.destroy());
    await juliet.logIn("juliet", "balcony");
    juliet.send("<presence/>");
    const from = `127.0.0.1:${juliet.socket.localPort}`;
    await records(running.path, 1);
    assert.equal(linesOf(running.path)[0], `1000000000+R+presence++juliet@example.org/balcony+++${from}`);
  });

  test("every minute to show that the log is alive, or as often as is wanted", async (t) => {
    const running = await startLogged(t, { "xmpp_log.heartbeat_seconds": 60 });
    const { clock, path } = running;
    const beat = async (count: number) => {
      clock.time += 59_999;
      const before = running.service.counters().sweeps;
      await eventually(() => assert.ok(running.service.counters().sweeps > before + 2));
      assert.equal(linesOf(path).length, count - 1);
      clock.time += 1;
      await eventually(() => assert.equal(linesOf(path).length, count));
    };
    await beat(1);
    await beat(2);
    assert.deepEqual(linesOf(path), ["1000000060+M", "1000000120+M"]);
  });

  test("never, unless it is asked for", async (t) => {
    const running = await startLogged(t, { "xmpp_log.enabled": false });
    const juliet = await running.client("juliet", "balcony");
    juliet.send(`<presence/>${ping}`);
    await juliet.expect('id="p"');
    await running.service.stop();
    assert.ok(!existsSync(running.path));
  });
});

describe("a hostile client", () => {
  test("cannot forge a record", async (t) => {
    const running = await startLogged(t, { "xmpp_log.delivery": false });
    const juliet = await running.client("juliet", "balcony+R%0A");
    juliet.send(
      '<message to="romeo@example.org/a+b" id="x&#10;1000000000+R+message+romeo@example.org+tybalt@example.org&#x2028;+%" type="a&#13;&#10;b"/>',
    );
    assert.deepEqual(await records(running.path, 1), [
      "R+message+romeo@example.org/a%2Bb+juliet@example.org/balcony%2BR%250A+" +
        "x%0A1000000000%2BR%2Bmessage%2Bromeo@example.org%2Btybalt@example.org%E2%80%A8%2B%25+a%0D%0Ab+HOST",
    ]);
    assert.equal(linesOf(running.path).length, 1);
  });
});

describe("bodies and passwords", () => {
  const formats = { "xmpp_log.reception_format": "%t R %so", "xmpp_log.delivery_format": "%t D %so" };

  test("are in no record, whatever macros there are", async (t) => {
    const running = await startLogged(t, formats);
    // PLAIN, with the password in base64: `secret` and also c2VjcmV0.
    const juliet = await running.client("juliet", "balcony");
    const body =
      '<body>secret</body><html xmlns="http://jabber.org/protocol/xhtml-im"><body xmlns="http://www.w3.org/1999/xhtml">secret</body></html>';
    const change = '<query xmlns="jabber:iq:register"><password>secret</password></query>';
    juliet.send(
      `<message to="romeo@example.org" id="m"><subject>secret</subject>${body}</message>` +
        `<iq type="set" id="c" to="example.org">${change}</iq>`,
    );
    await juliet.expect("service-unavailable");
    await running.deliver({
      kind: "write",
      session: handleOf(running),
      xml: `<message from="romeo@example.org/x">${body}</message>`,
    });
    await records(running.path, 4);
    const text = readFileSync(running.path, "utf8");
    assert.doesNotMatch(text, /secret|c2VjcmV0/);
    assert.match(text, /<message%20to="romeo@example\.org"%20id="m"><subject>\*6\*<\/subject><body>\*6\*/);
  });

  test("are logged by %sr, which has to be allowed", async (t) => {
    await assert.rejects(
      startLogged(t, { "xmpp_log.reception_format": "%t R %sr" }),
      /xmpp_log\.reception_format has %sr, which logs what people say; use %so, or set xmpp_log\.raw to allow it/,
    );
    const running = await startLogged(t, {
      "xmpp_log.reception_format": "%t R %sr",
      "xmpp_log.raw": true,
      "xmpp_log.delivery": false,
    });
    const juliet = await running.client("juliet", "balcony");
    juliet.send('<message to="romeo@example.org"><body>a b</body></message>');
    await records(running.path, 1);
    assert.equal(
      linesOf(running.path)[0],
      '1000000000 R <message%20to="romeo@example.org"><body>a%20b</body></message>',
    );
  });
});

describe("the file", () => {
  test("is made anew at SIGHUP", async (t) => {
    const running = await startLogged(t, { "xmpp_log.delivery": false });
    const juliet = await running.client("juliet", "balcony");
    juliet.send("<presence/>");
    await records(running.path, 1);
    renameSync(running.path, `${running.path}.1`);
    process.kill(process.pid, "SIGHUP");
    await eventually(() => assert.ok(existsSync(running.path)));
    juliet.send('<presence type="unavailable"/>');
    assert.deepEqual(await records(running.path, 1), [
      "R+presence++juliet@example.org/balcony++unavailable+HOST",
    ]);
    assert.equal(linesOf(`${running.path}.1`).length, 1);
  });

  test("has every record when the service has stopped, also those of the end", async (t) => {
    const running = await startLogged(t);
    const juliet = await running.client("juliet", "balcony");
    for (let i = 0; i < 500; i++) juliet.send(`<message to="romeo@example.org" id="${i}"/>`);
    await running.owners.until(500);
    juliet.socket.on("end", () => juliet.end());
    await running.service.drain(5_000);
    await running.service.stop();
    const lines = linesOf(running.path);
    assert.deepEqual(
      lines.filter((line) => line.includes("+R+message+")).map((line) => line.split("+")[5]),
      Array.from({ length: 500 }, (_, i) => String(i)),
    );
    assert.match(lines.join("\n"), /\+D\+error\+juliet@example\.org\/balcony/);
    assert.equal(running.service.counters().xmppLogWritten, lines.length);
  });

  test("that cannot be written to does not hold up a client", async (t) => {
    const running = await startLogged(t, { "xmpp_log.file": "/dev/full" });
    const juliet = await running.client("juliet", "balcony");
    juliet.send(ping);
    await juliet.expect('id="p"');
    await eventually(() => assert.ok(running.log.some(({ event }) => event === "xmpp-log.not-written")));
    juliet.send(ping);
    await juliet.expect('id="p"');
    await running.service.stop();
    assert.equal(running.service.counters().xmppLogDropped, 4);
  });
});

test("settings that cannot be are told of", async (t) => {
  const wrong: [Partial<ConnectionSettings>, RegExp][] = [
    [{ "xmpp_log.delivery_format": "%t+%x" }, /xmpp_log\.delivery_format has a % that is none of %t/],
    [{ "xmpp_log.heartbeat_format": "%t+%at" }, /xmpp_log\.heartbeat_format has %at, but there is no stanza/],
    [{ "xmpp_log.mode": "rw-" }, /xmpp_log\.mode: rw- is not three octal digits/],
    [{ "xmpp_log.file": "/nowhere/xmpp.log" }, /xmpp_log\.file: .* cannot be opened for writing \(ENOENT\)/],
  ];
  for (const [settings, message] of wrong) await assert.rejects(startLogged(t, settings), message);
});
