/** The metrics of a server that has an OpenTelemetry collector: sent to it, and pointing at its traces. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { eventually, type OtlpReceiver, ServerProcess, startOtlpReceiver } from "@rollcall/testkit";

describe("a server with a collector", () => {
  let collector: OtlpReceiver;
  let server: ServerProcess;

  before(async () => {
    collector = await startOtlpReceiver();
    server = await ServerProcess.create({
      ROLLCALL_TLS_REQUIRED: "false",
      ROLLCALL_OTLP_ENDPOINT: collector.endpoint,
      ROLLCALL_OTLP_HEADERS: "authorization=Bearer%20open-sesame",
      ROLLCALL_METRICS_PUSH_SECONDS: "1",
      ROLLCALL_TRACE_PERCENT: "100",
    });
    await server.start();
    await server.addUser("juliet@localhost", "secret");
    const juliet = await server.login("juliet", "secret", "balcony");
    await juliet.close();
  });
  after(async () => {
    await server.remove();
    await collector.stop();
  });

  test("sends its metrics there, with the headers, and nobody's name", async () => {
    const sent = () => collector.metrics.at(-1);
    await eventually("metrics have come", () =>
      Buffer.from(sent() ?? []).includes("rollcall.login.duration"),
    );
    const body = Buffer.from(sent() ?? []);
    assert.equal(collector.headers.authorization, "Bearer open-sesame");
    for (const text of ["rollcall.stream.logins", "service.instance.id", "process.memory.usage"])
      assert.ok(body.includes(text), text);
    for (const text of ["juliet", "secret", "sesame"]) assert.ok(!body.includes(text), text);
    const text = await (await fetch(`${server.http}/metrics`)).text();
    assert.match(text, /^rollcall_otlp_exports_total\{signal="metrics",outcome="sent"\} [1-9]/m);
    assert.match(text, /^rollcall_otlp_exports_total\{signal="metrics",outcome="failed"\} 0$/m);
  });

  test("shows in its histograms which trace was in a bucket last", async () => {
    const login = await collector.trace("the login is traced", (spans) =>
      spans.some(({ name, parentSpanId }) => name === "log in" && parentSpanId === ""),
    );
    const answer = await fetch(`${server.http}/metrics`, {
      headers: { accept: "application/openmetrics-text;version=1.0.0,text/plain;q=0.5" },
    });
    const text = await answer.text();
    const exemplars = [
      ...text.matchAll(
        /^rollcall_login_duration_seconds_bucket\{phase="total",le="[^"]+"\} \d+ # \{trace_id="(\w+)"\}/gm,
      ),
    ];
    assert.deepEqual(
      exemplars.map(([, traceId]) => traceId),
      [login[0]?.traceId],
    );
    assert.match(
      text,
      /^rollcall_bus_handler_duration_seconds_bucket\{channel="[^"]+",le="[^"]+"\} \d+ # \{/m,
    );
    assert.ok(text.endsWith("\n# EOF\n"));
  });
});
