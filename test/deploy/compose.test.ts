/** What Docker would find out only when somebody starts it: files, commands, ports and settings that do not exist. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { clusterSettings } from "@rollcall/cluster";
import { loadSettings } from "@rollcall/runtime";
import { parse } from "yaml";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), "utf8");

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[];
  readonly deploy?: { readonly replicas: number };
  readonly read_only?: boolean;
  readonly healthcheck?: { readonly test: readonly string[] };
}

const compose = parse(read("docker-compose.yml"), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const services = Object.entries(compose.services);
const ours = services.filter(([, service]) => service.build !== undefined);

/** Instructions of a Dockerfile with their arguments; continued lines are one. */
function instructions(text: string): { readonly name: string; readonly rest: string }[] {
  return text
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .filter((line) => /^[A-Z]+ /.test(line))
    .map((line) => {
      const [name = "", ...rest] = line.split(/\s+/);
      return { name, rest: rest.join(" ") };
    });
}

const dockerfile = instructions(read("deploy/images/Dockerfile"));
const all = (name: string): string[] =>
  dockerfile.filter((instruction) => instruction.name === name).map(({ rest }) => rest);
const imageEnvironment = Object.fromEntries(
  all("ENV").flatMap((line) => line.split(/\s+/).map((pair) => pair.split("=") as [string, string])),
);
const commands = execFileSync(process.execPath, [join(root, "packages/cli/bin/rollcall.mjs"), "--help"], {
  encoding: "utf8",
  env: { PATH: process.env.PATH },
});

describe("the compose file", () => {
  test("runs each service of the cluster twice, NATS, and Riak", () => {
    const replicas = Object.fromEntries(services.map(([name, { deploy }]) => [name, deploy?.replicas ?? 1]));
    assert.deepEqual(replicas, { nats: 1, riak: 1, roster: 2, presence: 2, connection: 2 });
  });

  test("runs commands that there are", () => {
    for (const [name, { command }] of ours) {
      assert.match(commands, new RegExp(`^  ${command[0]}\\b`, "m"), name);
      assert.equal(command.length, 1);
    }
  });

  test("sets what is a setting, to what it may be", () => {
    for (const [name, { environment = {} }] of ours) {
      const loaded = loadSettings(clusterSettings, {
        env: { ...onlySettings(imageEnvironment), ...environment },
        directory: join(root, "test"),
      });
      assert.equal(loaded.kind, "loaded", `${name}: ${JSON.stringify(loaded)}`);
    }
  });

  test("names services by names and ports that they have", () => {
    const listening: Record<string, number> = { nats: 4222, riak: 8098 };
    for (const [name, { environment = {}, depends_on = [] }] of ours) {
      for (const other of depends_on) assert.ok(other in compose.services, `${name} depends on ${other}`);
      for (const value of Object.values(environment)) {
        const [, host = "", port] = /^([a-z]+):(\d+)$/.exec(value) ?? [];
        if (host !== "") assert.equal(Number(port), listening[host], `${name}: ${value}`);
      }
    }
  });

  test("publishes and asks the ports on which the image listens", () => {
    const listens = Object.entries(imageEnvironment)
      .filter(([variable]) => variable.startsWith("ROLLCALL_LISTEN_"))
      .map(([, address]) => Number(address.split(":").at(-1)));
    for (const [name, { ports = [], healthcheck }] of ours) {
      for (const port of ports)
        assert.ok(listens.includes(Number(port.split(":").at(-1))), `${name}: ${port}`);
      const [, probed, path] = /127\.0\.0\.1:(\d+)(\/\w+)/.exec(healthcheck?.test.join(" ") ?? "") ?? [];
      assert.deepEqual([Number(probed), path], [8080, "/readyz"], name);
    }
    // As many host ports as there are processes.
    for (const port of compose.services.connection?.ports ?? []) {
      const [, from = 0, to = 0] = /:(\d+)-(\d+):/.exec(port)?.map(Number) ?? [];
      assert.equal(to - from + 1, compose.services.connection?.deploy?.replicas);
    }
  });

  test("mounts files and volumes that there are, and lets nothing else be written", () => {
    for (const [name, { volumes = [], read_only: readOnly, build }] of services) {
      for (const volume of volumes) {
        const [source = ""] = volume.split(":");
        if (source.startsWith("./")) assert.ok(existsSync(join(root, source)), `${name}: ${source}`);
        else assert.ok(source in compose.volumes, `${name}: ${source}`);
      }
      if (build === undefined) continue;
      assert.equal(readOnly, true, name);
      assert.ok(volumes.some((volume) => volume.endsWith(`:${imageEnvironment.ROLLCALL_DATA_DIR}`)));
      assert.ok(existsSync(join(root, build.context, build.dockerfile)));
    }
  });
});

describe("the image", () => {
  test("is built from what is in the repository, by scripts that there are", () => {
    const stages = new Set(all("FROM").flatMap((line) => / AS (\w+)$/.exec(line)?.[1] ?? []));
    for (const line of all("COPY")) {
      const from = /^--from=(\w+) /.exec(line)?.[1];
      if (from !== undefined) assert.ok(stages.has(from), line);
      for (const source of line
        .replace(/^--from=\w+ /, "")
        .split(" ")
        .slice(0, -1)) {
        const path = source.replace(/^\/src\/?/, "");
        assert.ok(existsSync(join(root, path)), line);
      }
    }
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
    for (const [, script = ""] of all("RUN")
      .join(" ")
      .matchAll(/npm run (\w+)/g))
      assert.ok(script in scripts);
  });

  test("is small, runs as nobody special, and has nothing for development", () => {
    assert.ok(all("FROM").every((line) => line.startsWith("node:24-slim")));
    assert.deepEqual(all("USER"), ["node"]);
    assert.match(all("RUN").join("\n"), /npm ci --omit=dev/);
    const copies = all("COPY");
    assert.ok(copies.includes("--from=modules /src/node_modules node_modules"));
    assert.ok(!copies.some((line) => line.startsWith("--from=build") && line.includes("node_modules")));
  });

  test("starts what there is, with settings that there are", () => {
    const [, program = ""] = JSON.parse(all("ENTRYPOINT")[0] ?? "[]") as string[];
    assert.ok(existsSync(join(root, program)));
    const loaded = loadSettings(clusterSettings, {
      env: onlySettings(imageEnvironment),
      directory: join(root, "test"),
    });
    assert.equal(loaded.kind, "loaded", JSON.stringify(loaded));
    const exposed = all("EXPOSE")[0]?.split(" ");
    for (const port of exposed ?? []) {
      assert.ok(
        Object.values(imageEnvironment).some((value) => value.endsWith(`:${port}`)),
        port,
      );
    }
  });
});

function onlySettings(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(([variable]) => variable.startsWith("ROLLCALL_")),
  );
}
