import { randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import type { Command } from "commander";
import { AdminClient } from "../admin-client.ts";
import { CliError, exitCodes } from "../exit-codes.ts";
import { print, table } from "../output.ts";
import { runImport } from "../run-import.ts";
import { findServer, type GlobalOptions } from "../server-access.ts";

interface Roster {
  readonly jid: string;
  readonly version: string;
  readonly contacts: Readonly<Record<string, Contact>>;
}

interface Contact {
  readonly name?: string;
  readonly groups?: readonly string[];
  readonly subscription?: string;
  readonly ask?: string;
  readonly approved?: boolean;
  readonly pending_requests?: Readonly<Record<string, unknown>>;
}

/** `rollcall roster …` */
export function addRosterCommands(program: Command): void {
  const roster = program.command("roster").description("rosters");

  roster
    .command("show")
    .argument("<jid>", "user@domain")
    .description("print the roster of an account")
    .action(async (jid: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const client = new AdminClient(await findServer(options));
      const answer = await client.json<Roster>("GET", `/rosters/${encodeURIComponent(jid)}`);
      await print(options.json ? `${JSON.stringify(answer)}\n` : rosterTable(answer));
    });

  roster
    .command("import")
    .argument("<file>", "a file, or - for standard input")
    .description("add contacts to rosters, or replace them, from lines of JSON; may be run again")
    .addHelpText(
      "after",
      `
A line is {"jid": "alice@example.org", "contacts": {"bob@example.org": {"name": "Bob", "groups": ["friends"],
"subscription": "both", "pending_requests": {}}}}, as export writes it. Contacts that a line does not name stay.
The accounts have to exist. Both sides of a subscription need their line.

Examples:
  rollcall roster import rosters.ndjson
  rollcall --url http://old:5281 roster export | rollcall roster import -`,
    )
    .action(async (file: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      await runImport(
        new AdminClient(await findServer(options)),
        "/rosters/import",
        file,
        options.json === true,
      );
    });

  roster
    .command("export")
    .argument("[file]", "where to; standard output by default")
    .description("write every roster, one line of JSON each; the file appears when it is complete")
    .action(async (file: string | undefined, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const chunks = new AdminClient(await findServer(options)).stream("/rosters");
      if (file === undefined) for await (const chunk of chunks) await print(chunk);
      else await writeComplete(file, chunks);
    });

  roster
    .command("refresh")
    .argument("<jid>", "user@domain")
    .description("read a roster that was changed in Riak by hand, and push what is new to its clients")
    .action(async (jid: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const client = new AdminClient(await findServer(options));
      const answer = await client.json<{ jid: string; pushed: number }>(
        "POST",
        `/rosters/${encodeURIComponent(jid)}/refresh`,
      );
      await print(
        options.json
          ? `${JSON.stringify(answer)}\n`
          : `${answer.jid} read anew; contacts that had changed: ${answer.pushed}\n`,
      );
    });
}

function rosterTable({ jid, version, contacts }: Roster): string {
  const entries = Object.entries(contacts).sort(([a], [b]) => (a < b ? -1 : 1));
  const head = `${jid}, version ${version === "" ? "none" : version}, contacts: ${entries.length}\n`;
  if (entries.length === 0) return head;
  const rows = entries.map(([contact, record]) => [
    contact,
    record.subscription ?? "none",
    stateOf(record),
    record.name ?? "",
    (record.groups ?? []).join(", "),
  ]);
  return `${head}${table(["CONTACT", "SUBSCRIPTION", "STATE", "NAME", "GROUPS"], rows)}`;
}

/** What the subscription alone does not say, in the words of RFC 6121. */
function stateOf({ ask, approved, pending_requests }: Contact): string {
  const states = [
    ask === undefined ? [] : ["pending out"],
    pending_requests !== undefined && Object.keys(pending_requests).length > 0 ? ["pending in"] : [],
    approved === true ? ["pre-approved"] : [],
  ];
  return states.flat().join(", ");
}

/** Writes beside the file and renames at the end, so that an export that broke off is never taken for one. */
async function writeComplete(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString("hex")}.part`;
  const file = await open(draft, "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(exitCodes.usage, `cannot write ${path} (${error.code})`, { cause: error });
  });
  try {
    for await (const chunk of chunks) await file.writeFile(chunk);
    await file.sync();
    await file.close();
    await rename(draft, path);
  } catch (error) {
    await file.close().catch(() => {});
    await rm(draft, { force: true });
    throw error;
  }
}
