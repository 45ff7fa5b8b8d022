import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { describeSettings } from "./describe-settings.ts";
import { formatSettingProblems, loadSettings, type SettingsSource } from "./load-settings.ts";
import { type ListenAddress, setting } from "./settings.ts";

const settings = {
  domains: setting.list({ default: ["localhost"], doc: "Domains." }),
  "listen.c2s": setting.listen({ default: { host: "::", port: 5222 }, doc: "Clients." }),
  "listen.c2s_tls": setting.listen({ default: undefined, doc: "Clients over TLS." }),
  "limits.stanza_bytes": setting.integer({ default: 262_144, min: 10_000, unit: "bytes", doc: "Size." }),
  "tls.required": setting.boolean({ default: true, doc: "TLS." }),
  "tls.cert": setting.optionalString({ doc: "Certificate." }),
  "log.level": setting.choice({ default: "info", choices: ["info", "warn"], doc: "Level." }),
  "admin.token": setting.optionalString({ secret: true, doc: "Token." }),
} as const;

const directory = mkdtempSync(join(tmpdir(), "rollcall-settings-"));
after(() => rmSync(directory, { recursive: true }));

function load(yaml: string | undefined, env: SettingsSource["env"] = {}) {
  const path = join(directory, "rollcall.yaml");
  rmSync(path, { force: true });
  if (yaml !== undefined) writeFileSync(path, yaml);
  return loadSettings(settings, { env, directory });
}

function valuesOf(yaml: string | undefined, env?: SettingsSource["env"]) {
  const loaded = load(yaml, env);
  assert.equal(loaded.kind, "loaded", loaded.kind === "invalid" ? formatSettingProblems(loaded) : "");
  return (loaded as Extract<typeof loaded, { kind: "loaded" }>).values;
}

function problemsOf(yaml: string | undefined, env?: SettingsSource["env"]): string[] {
  const loaded = load(yaml, env);
  assert.equal(loaded.kind, "invalid");
  const text = formatSettingProblems(loaded as Extract<typeof loaded, { kind: "invalid" }>);
  return text.trimEnd().split("\n");
}

test("without file and environment every setting has its default", () => {
  const values = valuesOf(undefined);
  assert.deepEqual(values.domains, ["localhost"]);
  assert.equal(values["listen.c2s_tls"], undefined);
  assert.equal(values["limits.stanza_bytes"], 262_144);
});

test("the file overrides defaults, and the environment overrides the file", () => {
  const yaml = "domains: [a.example, b.example]\nlimits:\n  stanza_bytes: 20000\ntls.required: false\n";
  const values = valuesOf(yaml, { ROLLCALL_LIMITS_STANZA_BYTES: "30000" });
  assert.deepEqual(values.domains, ["a.example", "b.example"]);
  assert.equal(values["limits.stanza_bytes"], 30_000);
  assert.equal(values["tls.required"], false);
});

test("values keep their types", () => {
  const values = valuesOf("listen: { c2s: 'off', c2s_tls: '[::1]:5223' }\n", {
    ROLLCALL_DOMAINS: "a.example, b.example,",
    ROLLCALL_TLS_REQUIRED: "false",
    ROLLCALL_LOG_LEVEL: "warn",
  });
  const tls: ListenAddress | undefined = values["listen.c2s_tls"];
  const required: boolean = values["tls.required"];
  const level: "info" | "warn" = values["log.level"];
  assert.equal(values["listen.c2s"], undefined);
  assert.deepEqual(tls, { host: "::1", port: 5223 });
  assert.deepEqual(values.domains, ["a.example", "b.example"]);
  assert.equal(required, false);
  assert.equal(level, "warn");
});

test("all problems are reported together, with their places and the names that were meant", () => {
  const yaml = [
    "domain: a.example",
    "listen:",
    "  c2s: 5222",
    "  c2s_tsl: off",
    "limits: { stanza_bytes: 9 }",
    "tls: { required: maybe, cert: 7 }",
    "log: { level: loud }",
  ].join("\n");
  const env = { ROLLCALL_LISTEN_C2STLS: "off", ROLLCALL_TLS_REQUIRED: "yes", OTHER: "x" };
  assert.deepEqual(problemsOf(yaml, env), [
    "rollcall.yaml:1: unknown setting domain; did you mean domains?",
    "rollcall.yaml:3: listen.c2s must be host:port, [IPv6 address]:port or off",
    "rollcall.yaml:4: unknown setting listen.c2s_tsl; did you mean listen.c2s_tls?",
    "rollcall.yaml:5: limits.stanza_bytes must be an integer from 10000",
    "rollcall.yaml:6: tls.required must be true or false",
    "rollcall.yaml:6: tls.cert must be text; put it in quotes",
    "rollcall.yaml:7: log.level must be info or warn",
    "ROLLCALL_LISTEN_C2STLS: unknown variable; did you mean ROLLCALL_LISTEN_C2S_TLS?",
    "ROLLCALL_TLS_REQUIRED: must be true or false",
  ]);
});

for (const [text, why] of [
  ["localhost", "no port"],
  ["::1:5222", "an IPv6 address without brackets"],
  ["host:99999", "a port beyond 65535"],
  [":5222", "no host"],
]) {
  test(`a listen address with ${why} is a problem`, () => {
    assert.equal(problemsOf(undefined, { ROLLCALL_LISTEN_C2S: text }).length, 1);
  });
}

test("a file that is not YAML, or sets a name twice, is a problem with its line", () => {
  assert.match(problemsOf("domains: [a\n")[0]!, /^rollcall\.yaml:\d+: not valid YAML/);
  assert.deepEqual(problemsOf("listen.c2s: off\nlisten: { c2s: off }\n"), [
    "rollcall.yaml:2: listen.c2s is set twice",
  ]);
  assert.deepEqual(problemsOf("- domains\n"), ["rollcall.yaml:1: must be a map of settings"]);
});

test("an empty file and an empty section set nothing, a name without a value is a problem", () => {
  assert.equal(valuesOf("# nothing\n")["log.level"], "info");
  assert.equal(valuesOf("log:\n")["log.level"], "info");
  assert.deepEqual(problemsOf("domains:\n"), ["rollcall.yaml:1: domains must be a list of texts"]);
});

test("a file that was named must exist", () => {
  const loaded = loadSettings(settings, { env: { ROLLCALL_CONFIG: "missing.yaml" }, directory });
  assert.equal(loaded.kind, "invalid");
});

test("a variable that is empty counts as not set, and Kubernetes service links are no settings", () => {
  const values = valuesOf(undefined, {
    ROLLCALL_LOG_LEVEL: "",
    ROLLCALL_PORT: "tcp://10.0.0.1:5222",
    ROLLCALL_SERVICE_HOST: "10.0.0.1",
    ROLLCALL_SERVICE_PORT_C2S: "5222",
    ROLLCALL_PORT_5222_TCP_ADDR: "10.0.0.1",
  });
  assert.equal(values["log.level"], "info");
});

test("a description says type, default, unit, sentence, value and origin, and hides secrets", () => {
  const loaded = load("limits: { stanza_bytes: 20000 }\n", { ROLLCALL_ADMIN_TOKEN: "very secret indeed" });
  assert.equal(loaded.kind, "loaded");
  const all = describeSettings(settings, loaded as Extract<typeof loaded, { kind: "loaded" }>);
  const named = Object.fromEntries(all.map((description) => [description.name, description]));
  assert.deepEqual(named["limits.stanza_bytes"], {
    name: "limits.stanza_bytes",
    variable: "ROLLCALL_LIMITS_STANZA_BYTES",
    type: "integer from 10000",
    default: "262144",
    unit: "bytes",
    doc: "Size.",
    value: "20000",
    secret: false,
    origin: { kind: "file", file: join(directory, "rollcall.yaml"), line: 1 },
  });
  assert.equal(named["listen.c2s"]?.value, "[::]:5222");
  assert.equal(named["listen.c2s_tls"]?.value, "off");
  assert.equal(named["admin.token"]?.value, "(hidden)");
  assert.doesNotMatch(JSON.stringify(all), /very secret/);
});

test("settings of other processes are neither unknown nor looked at", () => {
  const others = { "roster.max_items": setting.integer({ default: 1, doc: "Items." }) };
  const env = { ROLLCALL_ROSTER_MAX_ITEMS: "many", ROLLCALL_LOG_LEVEL: "warn" };
  writeFileSync(join(directory, "rollcall.yaml"), "roster:\n  max_items: lots\n");
  const loaded = loadSettings(settings, { env, directory, others });
  assert.equal(loaded.kind, "loaded");
  assert.equal(loaded.kind === "loaded" && loaded.values["log.level"], "warn");
  assert.ok(!("roster.max_items" in (loaded.kind === "loaded" ? loaded.values : {})));
  assert.equal(loadSettings(settings, { env, directory }).kind, "invalid");
});

test("whoever needs a few settings only may leave all others to those whose they are", () => {
  writeFileSync(join(directory, "rollcall.yaml"), "no_such: 1\nlog: { level: warn }\n");
  const env = { ROLLCALL_NO_SUCH: "1", ROLLCALL_DOMAINS: "example.org" };
  const loaded = loadSettings(settings, { env, directory, others: "any" });
  assert.equal(loaded.kind === "loaded" && loaded.values["log.level"], "warn");
  assert.deepEqual(loaded.kind === "loaded" && loaded.values.domains, ["example.org"]);
});
