/** One measured line of the report. */
export interface Figure {
  readonly server: string;
  readonly scenario: string;
  /** What one operation is. */
  readonly operation: string;
  readonly operations: number;
  readonly wallMs: number;
  /** User and system time of the server's process tree. */
  readonly serverCpuMs: number;
  /** The same of this load generator: it must not be the bottleneck. */
  readonly loadCpuMs: number;
  /** Milliseconds from sending to receiving, where it was sampled. */
  readonly latencies: readonly number[];
  /** For memory scenarios instead of CPU: bytes per operation. */
  readonly bytesPerOperation?: number;
}

export function microsecondsPerOperation(figure: Figure): number {
  return (figure.serverCpuMs * 1000) / figure.operations;
}

/** The `share` quantile of unsorted values, or `undefined` where there are none. */
export function quantile(values: readonly number[], share: number): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5) ?? Number.NaN;
}
