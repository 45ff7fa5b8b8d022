import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { CliError, exitCodes } from "./exit-codes.ts";

/** A password line that is longer is no password. */
const lineBytes = 16 * 1024;

/**
 * The password of the option; without one it is asked for twice on a terminal, where it does not show, and is the
 * first line of standard input elsewhere.
 */
export async function readPassword(given: string | undefined, jid: string): Promise<string> {
  if (given !== undefined) return given;
  if (process.stdin.isTTY !== true) return readLine();
  const first = await ask(`Password for ${jid}: `, true);
  const second = await ask("Again: ", true);
  if (first !== second) throw new CliError(exitCodes.usage, "the two passwords differ; nothing was done");
  return first;
}

/** Asks a question that takes `y`, on a terminal only; elsewhere nobody is there to say no. */
export async function confirm(question: string): Promise<boolean> {
  if (process.stdin.isTTY !== true) return true;
  return /^y(es)?$/i.test((await ask(`${question} [y/N] `, false)).trim());
}

async function ask(question: string, hidden: boolean): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({
    input: process.stdin,
    output: hidden ? nowhere : process.stderr,
    terminal: true,
    historySize: 0,
  });
  // After the interface has switched the echo off: a quick answer must not show either.
  if (hidden) process.stderr.write(question);
  const interrupted = new AbortController();
  terminal.once("SIGINT", () => interrupted.abort());
  terminal.once("close", () => interrupted.abort());
  try {
    return await terminal.question(hidden ? "" : question, { signal: interrupted.signal });
  } catch (error) {
    throw new CliError(exitCodes.usage, "interrupted; nothing was done", { cause: error });
  } finally {
    terminal.close();
    if (hidden) process.stderr.write("\n");
  }
}

async function readLine(): Promise<string> {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8") as AsyncIterable<string>) {
    text += chunk;
    if (text.includes("\n") || text.length > lineBytes) break;
  }
  const line = text.split("\n")[0]!.replace(/\r$/, "");
  if (line !== "" && line.length <= lineBytes) return line;
  throw new CliError(
    exitCodes.usage,
    "no password on standard input; pipe one in, run this on a terminal, or use --password",
  );
}
