import type { Check } from "@rollcall/contracts";
import type { Command } from "commander";
import { countFindings, showFinding, showPassed } from "../diagnosis/show-findings.ts";
import { examine } from "../doctor/examine.ts";
import { print } from "../output.ts";
import type { GlobalOptions } from "../server-access.ts";
import type { OnEnded } from "./process-commands.ts";

/** Exit codes from here on have meanings to shells. */
const MOST_ERRORS = 100;

/** `rollcall doctor` */
export function addDoctorCommand(program: Command, onEnded: OnEnded): void {
  program
    .command("doctor")
    .description("check settings, token, server, NATS, Riak, certificates and clocks, and say what to do")
    .addHelpText(
      "after",
      `
Needs no running server: what can be looked at without one is. The exit code is the number of errors found (100 for more);
warnings do not count. docs/diagnosis.md tells what each finding means.`,
    )
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const checks: Check[] = [];
      for await (const check of examine(options)) {
        checks.push(check);
        if (options.json) continue;
        const { findings, title } = check;
        await print(findings.length === 0 ? showPassed(title) : findings.map(showFinding).join(""));
      }
      const findings = checks.flatMap(({ findings: of }) => of);
      const errors = findings.filter(({ severity }) => severity === "error").length;
      if (options.json) await print(`${JSON.stringify({ errors, checks }, null, 2)}\n`);
      else await print(`\n${countFindings(findings) ?? "nothing is wrong"}\n`);
      onEnded(Math.min(errors, MOST_ERRORS));
    });
}
