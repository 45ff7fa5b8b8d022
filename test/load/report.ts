/** Figures as a table to read, for the terminal and for docs/benchmarks.md. */
import { cpus, totalmem } from "node:os";
import { type Figure, microsecondsPerOperation, quantile } from "./figures.ts";

export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? "unknown CPU";
  return `${cpus().length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux, Node ${process.versions.node}`;
}

function number(value: number | undefined, digits = 1): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  return value >= 100 ? value.toFixed(0) : value.toFixed(digits);
}

export function cost(figure: Figure): string {
  if (figure.bytesPerOperation !== undefined) return `${number(figure.bytesPerOperation / 1024)} KB`;
  const micro = microsecondsPerOperation(figure);
  return micro >= 1000 ? `${(micro / 1000).toFixed(2)} ms` : `${number(micro)} µs`;
}

/** Ratio to another server's figure of the same scenario, as "1.8×". */
export function ratio(figure: Figure, base: Figure | undefined): string {
  if (base === undefined || base === figure) return "1";
  const value = figure.bytesPerOperation ?? microsecondsPerOperation(figure);
  const reference = base.bytesPerOperation ?? microsecondsPerOperation(base);
  return `${number(value / reference, 2)}×`;
}

/** One Markdown table; with several servers each row tells its ratio to the first. */
export function table(figures: readonly Figure[]): string {
  const first = figures[0]?.server.split(",")[0];
  const peers = figures.some((figure) => !figure.server.startsWith(first ?? ""));
  const head = [
    "scenario",
    "server",
    "per operation (server CPU)",
    ...(peers ? ["ratio"] : []),
    "operations/s",
    "p50 ms",
    "p99 ms",
    "load generator CPU",
  ];
  const rows = figures.map((figure) => {
    const base = figures.find((other) => other.scenario === figure.scenario && other.server === first);
    return [
      figure.scenario,
      figure.server,
      `${cost(figure)} per ${figure.operation}`,
      ...(peers ? [ratio(figure, base)] : []),
      number((figure.operations * 1000) / figure.wallMs, 0),
      number(quantile(figure.latencies, 0.5), 2),
      number(quantile(figure.latencies, 0.99), 2),
      `${number((figure.loadCpuMs * 1000) / figure.operations)} µs`,
    ];
  });
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
