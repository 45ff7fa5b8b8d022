/** What the manifests say of containers, and whether the image and the command line tool have it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { read, root } from "./chart-files.ts";
import type { PodTemplate } from "./manifest.ts";

export interface Port {
  readonly name: string;
  readonly containerPort: number;
}

export interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: the schemas of Kubernetes have been asked before.
export type Container = PodTemplate["spec"]["containers"] & any;

export function probesOf(
  container: Container,
): { readonly httpGet: { readonly path: string; readonly port: string } }[] {
  return [container.startupProbe, container.livenessProbe, container.readinessProbe];
}

export function secretVariables({ env = [] }: Container): string[] {
  return env.flatMap(({ name, valueFrom }: { name: string; valueFrom?: object }) =>
    valueFrom ? [name] : [],
  );
}

/** What follows the program, which is a file of the image and the one that it starts. */
export function programOf([node, file = "", ...args]: readonly string[]): readonly string[] {
  const dockerfile = read("deploy/images/Dockerfile");
  assert.equal(node, "node");
  assert.ok(existsSync(join(root, file)), file);
  assert.ok(dockerfile.includes(`ENTRYPOINT ["node", "${file}"]`));
  return args;
}

/** A command of `rollcall` with options that its help has. */
export function checkCommand(args: readonly string[]): void {
  const words = args.filter((word, index) => !word.startsWith("--") && !args[index - 1]?.startsWith("--"));
  const help = execFileSync(
    process.execPath,
    [join(root, "packages/cli/bin/rollcall.mjs"), ...words, "--help"],
    {
      encoding: "utf8",
      env: { PATH: process.env.PATH },
    },
  );
  assert.match(help, new RegExp(`^Usage: rollcall ${words.join(" ")}`), args.join(" "));
  for (const option of args.filter((word) => word.startsWith("--")))
    assert.match(help, new RegExp(`^  ${option} <`, "m"));
}
