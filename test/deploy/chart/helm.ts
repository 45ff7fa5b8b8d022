/** The real helm on a copy of the chart. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toolFor } from "@rollcall/testkit";
import { parse, stringify } from "yaml";
import { chart } from "./chart-files.ts";
import { type Manifest, parseManifests } from "./manifest.ts";

/** The least that the chart has to be told. */
export const bare = ["--set", "settings.domains={example.org}", "--set", "store.enabled=true"];

export interface HelmChart {
  /** @returns what it says, and whether it is content. */
  lint(...args: readonly string[]): { readonly ok: boolean; readonly said: string };
  /** Manifests of a release `xmpp` in the namespace `chat`. @throws with what helm says. */
  template(...args: readonly string[]): Manifest[];
  /** What helm says against it; undefined where it has nothing. */
  refusal(...args: readonly string[]): string | undefined;
  remove(): void;
}

/**
 * A copy with a chart of the name and version of the NATS chart in it, and nothing in that one: helm refuses a chart whose
 * dependencies are not there, and the real one has to be fetched. What it makes of its values is not shown here.
 */
export function helmChart(): HelmChart {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-chart-"));
  const copy = join(folder, "rollcall");
  cpSync(chart, copy, { recursive: true });
  const { dependencies } = parse(readFileSync(join(chart, "Chart.yaml"), "utf8")) as {
    dependencies: { name: string; version: string }[];
  };
  for (const { name, version } of dependencies) {
    mkdirSync(join(copy, "charts", name), { recursive: true });
    writeFileSync(join(copy, "charts", name, "Chart.yaml"), stringify({ apiVersion: "v2", name, version }));
  }
  const home = { HELM_CACHE_HOME: folder, HELM_CONFIG_HOME: folder, HELM_DATA_HOME: folder };
  const run = (...args: readonly string[]) => {
    const { status, stdout, stderr, error } = spawnSync(toolFor("helm"), args, {
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: folder, ...home },
      maxBuffer: 16 * 1024 * 1024,
    });
    if (error !== undefined) throw error;
    return { ok: status === 0, stdout, stderr };
  };
  const render = (args: readonly string[]) => run("template", "xmpp", copy, "--namespace", "chat", ...args);
  return {
    lint(...args) {
      const { ok, stdout, stderr } = run("lint", "--strict", copy, ...args);
      return { ok, said: stdout + stderr };
    },
    template(...args) {
      const { ok, stdout, stderr } = render(args);
      if (!ok) throw new Error(stderr);
      return parseManifests(stdout);
    },
    refusal(...args) {
      const { ok, stderr } = render(args);
      return ok ? undefined : stderr;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
