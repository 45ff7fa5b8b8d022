/** Values that the chart refuses, by the real helm: what a cluster would find out later. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { needs } from "@rollcall/testkit";
import { bare, type HelmChart, helmChart } from "./chart/helm.ts";

describe("the chart refuses, with words that help,", needs("helm"), () => {
  let helm: HelmChart;
  before(() => {
    helm = helmChart();
  });
  after(() => helm?.remove());

  const refused: readonly (readonly [what: string, args: readonly string[], words: RegExp])[] = [
    [
      "a setting that there is not",
      ["--set-json", 'settings={"roster.max_itemz":1}'],
      /'\/settings'.*'roster\.max_itemz' not allowed/,
    ],
    [
      "a value that a setting may not have",
      ["--set-json", 'settings={"limits.depth":5000}'],
      /limits\.depth'.*maximum: got 5,000, want 1,000/,
    ],
    [
      "a choice that there is not",
      ["--set-json", 'settings={"log.level":"loud"}'],
      /log\.level'.*one of.*debug/,
    ],
    [
      "a secret in clear",
      ["--set-json", 'settings={"nats.password":"hunter2"}'],
      /'nats\.password' not allowed/,
    ],
    [
      "a secret without its key",
      ["--set-json", 'secrets={"nats.password":{"name":"x"}}'],
      /nats\.password'.*missing property 'key'/,
    ],
    [
      "a variable that is a setting",
      ["--set", "connection.env.ROLLCALL_DOMAINS=x"],
      /connection\.env\.ROLLCALL_DOMAINS: that is a setting/,
    ],
    ["a value that there is not", ["--set", "conection.replicas=3"], /'conection' not allowed/],
    ["no domain", ["--set", "settings.domains=null"], /settings\.domains: name the domains/],
    ["no Riak", ["--set", "store.enabled=false"], /Riak: settings\."riak\.hosts" has to say where it is/],
    [
      "bounds of an HPA that cross",
      ["--set", "connection.autoscaling.enabled=true,connection.autoscaling.minReplicas=30"],
      /connection\.autoscaling: minReplicas is 30, more than maxReplicas 20/,
    ],
    ["two stores", ["--set", "riak.operator.enabled=true"], /exclude each other/],
    ["no NATS", ["--set", "nats.enabled=false"], /settings\."nats\.servers" has to say where it is/],
    ["half of the drain", ["--set-json", 'settings={"drain.budget_ms":5000}'], /set drainSeconds instead/],
    [
      "a grace period that is too short",
      ["--set", "drainSeconds=5"],
      /drainSeconds'.*minimum: got 5, want 30/,
    ],
    [
      "two certificates",
      ["--set", "tls.existingSecret=a,tls.certManager.enabled=true,tls.certManager.issuerRef.name=b"],
      /exclude each other/,
    ],
    [
      "a certificate that nobody signs",
      ["--set", "tls.certManager.enabled=true"],
      /issuerRef\.name: name the Issuer/,
    ],
    [
      "a certificate and a file",
      ["--set", "tls.existingSecret=a", "--set-json", 'settings={"tls.cert":"/x"}'],
      /use one of them/,
    ],
    [
      "an HTTP port that is off",
      ["--set-json", 'settings={"listen.http":"off"}'],
      /listen\.http.*cannot be off/,
    ],
    ["no port for clients", ["--set", "service.c2s=0,service.c2sTls=0"], /no port for clients is left/],
    [
      "a field that no RiakCluster has",
      ["--set", "store.enabled=false,riak.operator.enabled=true,riak.operator.spec.sise=3"],
      /'sise' not allowed/,
    ],
  ];
  for (const [what, args, words] of refused) {
    test(what, () => assert.match(helm.refusal(...bare, ...args) ?? "it has nothing against it", words));
  }
  test("and has nothing against what is right", () => assert.equal(helm.refusal(...bare), undefined));
});
