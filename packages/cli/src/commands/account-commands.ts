import type { WhoAnswer, WhyAnswer } from "@rollcall/contracts";
import type { Command } from "commander";
import { AdminClient } from "../admin-client.ts";
import { showWho, showWhy } from "../diagnosis/show-account.ts";
import { exitCodes } from "../exit-codes.ts";
import { print } from "../output.ts";
import { findServer, type GlobalOptions } from "../server-access.ts";
import type { OnEnded } from "./process-commands.ts";

/** `rollcall who` and `rollcall why` */
export function addAccountCommands(program: Command, onEnded: OnEnded): void {
  program
    .command("who")
    .argument("<jid>", "user@domain")
    .description("show an account as it is now: sessions, presence, who sees it, last changes of its roster")
    .addHelpText(
      "after",
      "\nEnds with 3 when there is no such account, with 4 when an owner does not answer.",
    )
    .action(async (jid: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const client = new AdminClient(await findServer(options));
      const answer = await client.json<WhoAnswer>("GET", `/users/${encodeURIComponent(jid)}/who`);
      await print(options.json ? `${JSON.stringify(answer, null, 2)}\n` : showWho(answer, Date.now()));
      if (answer.unknown.length > 0) onEnded(exitCodes.unreachable);
      else if (answer.exists === false) onEnded(exitCodes.refused);
    });

  program
    .command("why")
    .argument("<jid>", "who should be shown online: user@domain")
    .argument("<to>", "to whom: user@domain")
    .description("say why somebody is, or is not, shown online to somebody, and what to do")
    .addHelpText(
      "after",
      `
Examples:
  rollcall why romeo@example.net juliet@example.com

The reason that decides comes first. Ends with 0 when nothing is in the way, with 3 when something is, with 4 when it cannot
be said. docs/diagnosis.md lists the reasons.`,
    )
    .action(async (jid: string, to: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const client = new AdminClient(await findServer(options));
      const path = `/users/${encodeURIComponent(jid)}/why/${encodeURIComponent(to)}`;
      const answer = await client.json<WhyAnswer>("GET", path);
      await print(options.json ? `${JSON.stringify(answer, null, 2)}\n` : showWhy(answer));
      const codes = {
        yes: exitCodes.success,
        no: exitCodes.refused,
        unknown: exitCodes.unreachable,
      } as const;
      onEnded(codes[answer.shown]);
    });
}
