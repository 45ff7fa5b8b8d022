import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { activeSpan } from "@rollcall/telemetry";
import { createRecordedTracer } from "@rollcall/telemetry/testing";
import type { BareJid } from "@rollcall/xmpp";
import { LoginCounters } from "./login-counters.ts";
import { LoginTrace } from "./login-trace.ts";

const juliet = "juliet@example.org" as BareJid;

function setUp(options: { ratio: number; slowMs?: number }) {
  const { tracer, spans } = createRecordedTracer(options);
  return { tracer, spans, begin: () => new LoginTrace(tracer, new LoginCounters(), "node-1") };
}

function throughTls(trace: LoginTrace): void {
  trace.tlsBegan();
  trace.tlsEnded();
}

describe("a login", () => {
  test("has a step for TLS, for SASL and for the resource", async () => {
    const { spans, begin } = setUp({ ratio: 1 });
    const trace = begin();
    throughTls(trace);
    trace.authenticationBegan("SCRAM-SHA-256");
    const during = trace.run(() => activeSpan());
    trace.authenticationEnded(undefined);
    trace.bindingBegan(juliet);
    trace.bindingEnded(undefined, `${juliet}/balcony`);
    trace.abandoned();
    const recorded = await spans();
    assert.deepEqual(
      recorded.map(({ name }) => name),
      ["negotiate tls", "authenticate", "bind resource", "log in"],
    );
    const root = recorded.at(-1);
    assert.ok(recorded.slice(0, -1).every(({ parentSpanId }) => parentSpanId === root?.spanId));
    assert.equal(during?.spanId, recorded[1]?.spanId);
    assert.deepEqual(
      [root?.attributes["xmpp.session"], root?.attributes["xmpp.login.outcome"]],
      [`${juliet}/balcony`, "ok"],
    );
  });

  test("of an account that is traced by request is made good from its beginning", async () => {
    const { tracer, spans, begin } = setUp({ ratio: 0 });
    tracer.force(juliet, 60_000);
    const trace = begin();
    throughTls(trace);
    trace.authenticationBegan("PLAIN");
    trace.authenticationEnded(undefined);
    trace.bindingBegan(juliet);
    trace.bindingEnded(undefined, `${juliet}/balcony`);
    assert.deepEqual(
      (await spans()).map(({ name }) => name),
      ["negotiate tls", "authenticate", "bind resource", "log in"],
    );
  });

  test("with a wrong password is kept, without a word about whose it was", async () => {
    const { spans, begin } = setUp({ ratio: 0 });
    const trace = begin();
    trace.authenticationBegan("SCRAM-SHA-1");
    trace.authenticationEnded("not-authorized");
    trace.abandoned();
    const [span, ...more] = await spans();
    assert.deepEqual(more, []);
    assert.equal(span?.isError, true);
    assert.deepEqual(span?.attributes, {
      "xmpp.node": "node-1",
      "xmpp.sasl.mechanism": "SCRAM-SHA-1",
      "xmpp.login.outcome": "authenticate",
      "error.type": "not-authorized",
    });
  });

  test("that was slow is kept", async () => {
    const { spans, begin } = setUp({ ratio: 0, slowMs: 0 });
    const trace = begin();
    trace.authenticationBegan("PLAIN");
    trace.authenticationEnded(undefined);
    trace.bindingBegan(juliet);
    trace.bindingEnded(undefined, `${juliet}/balcony`);
    const [span] = await spans();
    assert.deepEqual([span?.name, span?.attributes["xmpp.account"]], ["log in", juliet]);
  });
});

test("a connection that never tries to log in leaves nothing", async () => {
  const { spans, begin } = setUp({ ratio: 0, slowMs: 0 });
  const trace = begin();
  throughTls(trace);
  trace.abandoned();
  assert.deepEqual(await spans(), []);
});

test("one that is sampled and goes says how far it came", async () => {
  const { spans, begin } = setUp({ ratio: 1 });
  const trace = begin();
  trace.tlsBegan();
  trace.abandoned();
  const root = (await spans()).at(-1);
  assert.equal(root?.attributes["xmpp.login.outcome"], "negotiate tls");
});
