import { runCli } from "./run-cli.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // Whoever read has read enough, as `head` does.
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
process.exitCode = await runCli(process.argv.slice(2));
// Standard input may still be open, and would keep the process waiting.
process.stdin.destroy();
