import { type Command, InvalidArgumentError } from "commander";
import { CliError, exitCodes } from "../exit-codes.ts";
import { print } from "../output.ts";
import { type GlobalOptions, loadServerSettings } from "../server-access.ts";

interface ApplyOptions extends GlobalOptions {
  readonly wait: number;
}

/** `rollcall buckets apply` */
export function addBucketsCommand(program: Command): void {
  const buckets = program.command("buckets").description("look after the buckets of Riak");
  buckets
    .command("apply")
    .description("give every bucket the properties that it must have; needs Riak, and no running server")
    .option(
      "--wait <seconds>",
      "how long to wait for a Riak that does not answer yet",
      (text) => {
        const seconds = Number(text);
        if (Number.isInteger(seconds) && seconds >= 0 && seconds <= 3_600) return seconds;
        throw new InvalidArgumentError("It is a number of seconds from 0 to 3600.");
      },
      30,
    )
    .addHelpText(
      "after",
      "\nThe nodes of Riak are those of riak.hosts. Properties that are right are left alone, so it may run as often as you\n" +
        "like. Every process does the same at its start for the buckets that it uses.",
    )
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<ApplyOptions>();
      const settings = (await loadServerSettings(options)).loaded.values;
      const { applyBuckets, BucketsError } = await import("@rollcall/cluster");
      const hosts = settings["riak.hosts"].join(", ");
      let waitsFor: string | undefined;
      try {
        const applied = applyBuckets({
          settings,
          waitMs: options.wait * 1_000,
          onWait(reason) {
            if (reason === waitsFor) return;
            waitsFor = reason;
            process.stderr.write(`waiting for Riak at ${hosts}: ${reason}\n`);
          },
        });
        for await (const result of applied) {
          await print(
            options.json
              ? `${JSON.stringify(result)}\n`
              : `${result.bucket}: ${result.corrected.length === 0 ? "as it must be" : `set; ${result.corrected.join("; ")}`}\n`,
          );
        }
      } catch (error) {
        if (!(error instanceof BucketsError)) throw error;
        throw error.code === "unreachable"
          ? new CliError(
              exitCodes.unreachable,
              `no Riak at ${hosts} answered within ${options.wait} s (${error.message}); is riak.hosts right, and does it run?`,
            )
          : new CliError(exitCodes.refused, `Riak at ${hosts} refused: ${error.message}`);
      }
    });
}
