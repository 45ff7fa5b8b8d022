import type { ClusterStatus } from "@rollcall/contracts";
import type { Command } from "commander";
import { AdminClient } from "../admin-client.ts";
import { showStatus } from "../diagnosis/show-status.ts";
import { exitCodes } from "../exit-codes.ts";
import { print } from "../output.ts";
import { findServer, type GlobalOptions } from "../server-access.ts";
import type { OnEnded } from "./process-commands.ts";

/** `rollcall status` */
export function addStatusCommand(program: Command, onEnded: OnEnded): void {
  program
    .command("status")
    .description(
      "show the cluster in one screen: processes, sessions, partitions, lag, certificates, NATS, Riak",
    )
    .addHelpText(
      "after",
      `
Every process is asked; one that does not answer within 2 s is shown as such. "late" is how late timers of the process are
(p99 since status was last asked for), "waiting" its messages to others that nobody has acknowledged yet.

Ends with 0 when nothing found is an error, with 1 otherwise, with 4 when no server can be reached.
docs/diagnosis.md tells what each finding means.`,
    )
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const client = new AdminClient(await findServer(options));
      const status = await client.json<ClusterStatus>("GET", "/status");
      await print(options.json ? `${JSON.stringify(status, null, 2)}\n` : showStatus(status));
      onEnded(status.healthy ? exitCodes.success : exitCodes.fault);
    });
}
