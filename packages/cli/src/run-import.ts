import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { type AdminClient, splitLines } from "./admin-client.ts";
import { CliError, exitCodes } from "./exit-codes.ts";
import { print, printable } from "./output.ts";

/** What the server reports of an import, one JSON object a line (services/admin/README.md). */
type Report =
  | {
      readonly kind: "bad" | "failed";
      readonly line: number;
      readonly reason: string;
      readonly message: string;
    }
  | { readonly kind: "progress" | "result" | "cut-off"; readonly counts: Counts; readonly message?: string };

type Counts = Readonly<Record<string, number>>;

/** Milliseconds between two lines of progress where nobody looks at a terminal. */
const quietProgressMs = 10_000;

/**
 * Sends a file to an import of the server. Lines that were left out go to standard output as they are found, and
 * the result after them; progress goes to standard error.
 * @throws {CliError} `refused` when lines were left out, `unreachable` when the import broke off.
 */
export async function runImport(
  client: AdminClient,
  path: string,
  file: string,
  json: boolean,
): Promise<void> {
  const input: Readable = file === "-" ? process.stdin : createReadStream(file);
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  const progress = new Progress(seconds);
  let last: Report | undefined;
  try {
    for await (const line of splitLines(client.upload(path, input))) {
      const report = JSON.parse(line) as Report;
      last = report;
      switch (report.kind) {
        case "progress":
          progress.show(report.counts);
          break;
        case "bad":
        case "failed":
        case "result":
        case "cut-off":
          progress.clear();
          await print(json ? `${line}\n` : describe(report, seconds()));
      }
    }
  } finally {
    progress.clear();
  }
  if (last?.kind === "result") {
    const { bad = 0, failed = 0 } = last.counts;
    if (bad + failed === 0) return;
    throw new CliError(
      exitCodes.refused,
      failed === 0
        ? `${bad} of the lines were left out; correct them and import them, or the whole file, again`
        : `${bad + failed} of the lines were left out, ${failed} of them for faults of the server; import the file again`,
    );
  }
  throw new CliError(
    exitCodes.unreachable,
    last?.kind === "cut-off" ? (last.message ?? "cut off") : "the import broke off; run it again",
  );
}

function describe(report: Report, seconds: number): string {
  if ("line" in report) {
    return `line ${report.line}: ${report.reason}: ${printable(report.message)}\n`;
  }
  const { lines = 0, ...counts } = report.counts;
  const rate = seconds > 0 ? Math.round(lines / seconds) : 0;
  const list = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  return `${lines} lines in ${seconds.toFixed(1)} s (${rate} lines/s): ${list.join(", ")}\n`;
}

/** Progress on standard error: one line that changes on a terminal, a line now and then elsewhere. */
class Progress {
  readonly #seconds: () => number;
  readonly #terminal = process.stderr.isTTY === true;
  #shownAt = 0;
  #onScreen = false;

  constructor(seconds: () => number) {
    this.#seconds = seconds;
  }

  show({ lines = 0, bad = 0, failed = 0 }: Counts): void {
    const seconds = this.#seconds();
    if (!this.#terminal && (seconds - this.#shownAt) * 1000 < quietProgressMs) return;
    this.#shownAt = seconds;
    const text = `${lines} lines, ${Math.round(lines / seconds)} lines/s, ${bad + failed} left out`;
    process.stderr.write(this.#terminal ? `\r\u001b[K${text}` : `${text}\n`);
    this.#onScreen = this.#terminal;
  }

  clear(): void {
    if (this.#onScreen) process.stderr.write("\r\u001b[K");
    this.#onScreen = false;
  }
}
