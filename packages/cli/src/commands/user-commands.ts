import type { Command } from "commander";
import { AdminClient, splitLines } from "../admin-client.ts";
import { print, table } from "../output.ts";
import { confirm, readPassword } from "../read-password.ts";
import { runImport } from "../run-import.ts";
import { findServer, type GlobalOptions } from "../server-access.ts";

type PasswordOptions = GlobalOptions & { readonly password?: string };
type RemoveOptions = GlobalOptions & { readonly yes?: boolean };

interface Session {
  readonly resource: string;
  readonly node: string;
  readonly available: boolean;
  readonly interested: boolean;
  readonly priority: number;
}

const passwordOption = [
  "-p, --password <password>",
  "others on this machine can see it while the command runs",
] as const;

/** `rollcall user …` */
export function addUserCommands(program: Command): void {
  const user = program.command("user").description("accounts");

  user
    .command("add")
    .argument("<jid>", "user@domain")
    .description("create an account; asks for the password, or takes the first line of standard input")
    .option(...passwordOption)
    .addHelpText(
      "after",
      "\nExamples:\n  rollcall user add alice@example.org\n  pwgen -s 24 1 | tee alice.txt | rollcall user add alice@example.org",
    )
    .action(async (jid: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<PasswordOptions>();
      const client = new AdminClient(await findServer(options));
      const password = await readPassword(options.password, jid);
      const answer = await client.json<{ jid: string }>("POST", "/users", { jid, password });
      await print(options.json ? `${JSON.stringify(answer)}\n` : `${answer.jid} created\n`);
    });

  user
    .command("passwd")
    .argument("<jid>", "user@domain")
    .description("change the password of an account; it is read as with add")
    .option(...passwordOption)
    .action(async (jid: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<PasswordOptions>();
      const client = new AdminClient(await findServer(options));
      const password = await readPassword(options.password, jid);
      const answer = await client.json<{ jid: string }>("PUT", `/users/${encodeURIComponent(jid)}/password`, {
        password,
      });
      await print(options.json ? `${JSON.stringify(answer)}\n` : `${answer.jid} has a new password\n`);
    });

  user
    .command("remove")
    .argument("<jid>", "user@domain")
    .description(
      "remove an account: its sessions end, its contacts are unsubscribed, its roster and messages go",
    )
    .option("-y, --yes", "do not ask on a terminal")
    .action(async (jid: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<RemoveOptions>();
      const client = new AdminClient(await findServer(options));
      if (options.yes !== true && !(await confirm(`Remove ${jid}, its roster and its messages?`))) {
        await print("nothing was removed\n");
        return;
      }
      const answer = await client.json<{ jid: string; sessions: number; contacts: number }>(
        "DELETE",
        `/users/${encodeURIComponent(jid)}`,
      );
      await print(
        options.json
          ? `${JSON.stringify(answer)}\n`
          : `${answer.jid} removed; sessions ended: ${answer.sessions}, contacts: ${answer.contacts}\n`,
      );
    });

  user
    .command("list")
    .description("print every account, one a line, in no order")
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const chunks = new AdminClient(await findServer(options)).stream("/users");
      for await (const line of splitLines(chunks)) {
        await print(options.json ? `${line}\n` : `${(JSON.parse(line) as { jid: string }).jid}\n`);
      }
    });

  user
    .command("import")
    .argument("<file>", "a file, or - for standard input")
    .description("create accounts and set passwords from lines of JSON; may be run again")
    .addHelpText(
      "after",
      `
A line is {"jid": "alice@example.org", "password": "…"}. A bad line is reported by its number and left out.
Accounts that have the password already are left as they are.

Examples:
  rollcall user import users.ndjson
  zcat users.ndjson.gz | rollcall user import - > left-out.txt`,
    )
    .action(async (file: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      await runImport(
        new AdminClient(await findServer(options)),
        "/users/import",
        file,
        options.json === true,
      );
    });

  user
    .command("sessions")
    .argument("<jid>", "user@domain")
    .description("show where an account is logged in")
    .action(async (jid: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const client = new AdminClient(await findServer(options));
      const answer = await client.json<{ jid: string; sessions: readonly Session[] }>(
        "GET",
        `/users/${encodeURIComponent(jid)}/sessions`,
      );
      if (options.json) await print(`${JSON.stringify(answer)}\n`);
      else if (answer.sessions.length === 0) await print(`${answer.jid} has no sessions\n`);
      else await print(sessionTable(answer.sessions));
    });
}

function sessionTable(sessions: readonly Session[]): string {
  const headings = ["RESOURCE", "PRESENCE", "PRIORITY", "ROSTER PUSHES", "NODE"];
  const rows = sessions.map(({ resource, available, priority, interested, node }) => [
    resource,
    available ? "available" : "unavailable",
    String(priority),
    interested ? "yes" : "no",
    node,
  ]);
  return table(headings, rows);
}
