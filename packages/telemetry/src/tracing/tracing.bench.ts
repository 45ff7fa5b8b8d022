/**
 * What tracing costs where nothing is traced, which is nearly always, and where something is.
 * `node dist/tracing/tracing.bench.js [hops]`: CPU per hop; a hop asks for the active span, and hands a message on.
 */
import { activeSpan, withSpan } from "./active-span.ts";
import { createTracer } from "./create-tracer.ts";
import { noTracer, type Tracer } from "./span.ts";

const hops = Number(process.argv[2] ?? 2_000_000);
const RUNS = 5;

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function median(run: () => number): number {
  const figures = Array.from({ length: RUNS }, run).sort((a, b) => a - b);
  return figures[Math.floor(RUNS / 2)] ?? 0;
}

let handled = 0;

/** What a process does for a message: from its frame, or its socket, to what it sends on. */
function hop(tracer: Tracer, trace: string | undefined): void {
  const span =
    trace === undefined ? undefined : tracer.resume(trace, "process deliver", { kind: "consumer" });
  withSpan(span, () => {
    handled += 1;
    const sent = activeSpan()?.child("send node-deliveries", { kind: "producer" });
    sent?.end();
  });
  span?.end();
}

/** The first hop decides. */
function firstHop(tracer: Tracer): void {
  const startedAt = performance.now();
  const isTraced = tracer.samples("juliet@localhost", "juliet@localhost/balcony", "romeo@localhost");
  const span = isTraced ? tracer.begin("receive message", { kind: "server", startedAt }) : undefined;
  hop(tracer, span?.traceparent);
  if (span !== undefined) span.end();
  else if (performance.now() - startedAt > tracer.slowMs) handled += 1;
}

function tracerOf(ratio: number): Tracer {
  return createTracer({
    service: "bench",
    version: undefined,
    instanceId: "bench",
    url: "http://127.0.0.1:9/v1/traces",
    ratio,
    slowMs: 1_000,
    jids: "hashed",
    exporter: { export: (_spans, done) => done({ code: 0 }), shutdown: async () => {} },
  });
}

const cases: readonly [string, number, (tracer: Tracer) => void, Tracer][] = [
  ["a later hop, not traced", hops, (tracer) => hop(tracer, undefined), tracerOf(0.01)],
  ["the first hop, no collector", hops, firstHop, noTracer],
  ["the first hop, 1 % traced", hops, firstHop, tracerOf(0.01)],
  ["the first hop, everything traced", hops / 100, firstHop, tracerOf(1)],
];

for (const [name, count, run, tracer] of cases) {
  const micros = median(() => {
    const before = cpuMicros();
    for (let i = 0; i < count; i++) run(tracer);
    return (cpuMicros() - before) / count;
  });
  process.stdout.write(`${name.padEnd(36)} ${micros.toFixed(3)} µs\n`);
  await tracer.stop();
}
if (handled === 0) throw new Error("nothing was handled");
