/**
 * The Helm chart, by the real helm: what it renders of three values files is held against the schemas of Kubernetes, and every
 * port, path, setting, command and name in it against the code. What a cluster would find out later is found here.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { settingsByProcess } from "@rollcall/cluster";
import {
  createHttpServer,
  environmentName,
  Health,
  loadSettings,
  type Settings,
  serveMetrics,
} from "@rollcall/runtime";
import { CounterRegistry, silentLogger } from "@rollcall/telemetry";
import { needs } from "@rollcall/testkit";
import { parse } from "yaml";
import { chart, read, root } from "./chart/chart-files.ts";
import {
  type Container,
  checkCommand,
  type Mount,
  type Port,
  probesOf,
  programOf,
  secretVariables,
} from "./chart/containers.ts";
import { bare, type HelmChart, helmChart } from "./chart/helm.ts";
import { faultsOf } from "./chart/kubernetes-schemas.ts";
import { type Manifest, podsOf, type Selector, selects } from "./chart/manifest.ts";

const component = "app.kubernetes.io/component";
const kinds = ["connection", "roster", "presence", "store"] as const;
type Kind = (typeof kinds)[number];

const files = ["small", "production", "everything"] as const;
const valuesFile = (name: string): readonly string[] => [
  "--values",
  join(chart, "ci", `${name}-values.yaml`),
];

describe("helm", needs("helm"), () => {
  let helm: HelmChart;
  const rendered = new Map<string, Manifest[]>();
  before(() => {
    helm = helmChart();
    for (const name of files) rendered.set(name, helm.template(...valuesFile(name)));
  });
  after(() => helm?.remove());

  for (const name of files) {
    describe(`with the ${name} values`, () => {
      const manifests = (): readonly Manifest[] => rendered.get(name) ?? [];
      const ofKind = (kind: string): Manifest[] => manifests().filter((one) => one.kind === kind);
      const named = (kind: string, metadataName: string): Manifest | undefined =>
        ofKind(kind).find(({ metadata }) => metadata.name === metadataName);
      /** Pods that run our image, by what they run. */
      const ours = () =>
        podsOf(manifests()).flatMap(({ of, pod }) => {
          const [container] = pod.spec.containers;
          return container.args[0] in settingsByProcess
            ? [{ of, pod, container, kind: container.args[0] as Kind }]
            : [];
        });
      const environmentOf = (container: Container): Record<string, string> =>
        Object.assign(
          {},
          ...container.envFrom.map(
            ({ configMapRef }: { configMapRef: { name: string } }) =>
              named("ConfigMap", configMapRef.name)?.data,
          ),
        );

      test("lints", () => {
        const { ok, said } = helm.lint(...valuesFile(name));
        assert.ok(ok, said);
      });

      test("renders what Kubernetes takes, and names nothing twice", async () => {
        const faults = await Promise.all(
          manifests().map(async (manifest) =>
            (await faultsOf(manifest)).map((fault) => `${manifest.kind} ${manifest.metadata.name}: ${fault}`),
          ),
        );
        assert.deepEqual(faults.flat(), []);
        const names = manifests().map(
          ({ apiVersion, kind, metadata }) => `${apiVersion} ${kind} ${metadata.name}`,
        );
        assert.deepEqual(
          names.filter((one, index) => names.indexOf(one) !== index),
          [],
        );
      });

      test("gives each process settings that it has, with values that they may have", () => {
        const wanted = kinds.filter((kind) => kind !== "store" || name === "small");
        assert.deepEqual(
          ours()
            .map(({ kind }) => kind)
            .sort(),
          [...wanted].sort(),
        );
        for (const { of, container, kind } of ours()) {
          const secrets = secretVariables(container);
          const loaded = loadSettings(settingsByProcess[kind], {
            env: {
              ...environmentOf(container),
              ...Object.fromEntries(secrets.map((one) => [one, "secret"])),
            },
            directory: join(root, "test"),
          });
          assert.equal(loaded.kind, "loaded", `${of}: ${JSON.stringify(loaded)}`);
          const secretSettings = Object.entries(settingsByProcess[kind] as Settings)
            .filter(([, { secret }]) => secret === true)
            .map(([setting]) => environmentName(setting));
          for (const variable of secrets) assert.ok(secretSettings.includes(variable), `${of}: ${variable}`);
          for (const variable of Object.keys(environmentOf(container)))
            assert.ok(!secretSettings.includes(variable), `${of}: ${variable} is in a ConfigMap`);
        }
      });

      test("opens, asks and forwards to the ports on which the processes listen", () => {
        for (const { of, pod, container, kind } of ours()) {
          const environment = environmentOf(container);
          const listens: Record<string, string> = {
            http: "HTTP",
            c2s: "C2S",
            "c2s-tls": "C2S_TLS",
            riak: "RIAK",
          };
          for (const { name: port, containerPort } of container.ports) {
            const address = environment[`ROLLCALL_LISTEN_${listens[port]}`] ?? "";
            assert.equal(Number(address.split(":").at(-1)), containerPort, `${of}: ${port}`);
            assert.match(address, /^(0\.0\.0\.0|\[::\]):/, `${of}: reached from other pods`);
          }
          assert.equal(
            container.ports.some((one: Port) => one.name === "c2s"),
            kind === "connection",
          );
          for (const probe of probesOf(container)) assert.equal(probe.httpGet.port, "http", of);
          assert.ok(pod.spec.containers.length === 1);
        }
        for (const { metadata, spec } of ofKind("Service")) {
          const behind = podsOf(manifests()).filter(({ pod }) =>
            selects({ matchLabels: spec.selector }, pod.metadata.labels),
          );
          assert.ok(behind.length > 0, `${metadata.name} has no pods`);
          for (const { targetPort } of spec.ports) {
            for (const { of, pod } of behind) {
              const ports = pod.spec.containers.flatMap(({ ports: list = [] }: Container) => list);
              assert.ok(
                ports.some((one: Port) => one.name === targetPort),
                `${metadata.name} sends to ${targetPort} of ${of}`,
              );
            }
          }
        }
      });

      test("asks paths that there are", async (t) => {
        const health = new Health();
        const shared = { health, logger: silentLogger };
        const http = createHttpServer({ listen: { host: "127.0.0.1", port: 0 }, ...shared });
        serveMetrics(http, {
          ...shared,
          settings: { "otlp.endpoint": undefined, "otlp.headers": undefined, "metrics.push_seconds": 60 },
          registry: new CounterRegistry(),
          service: "rollcall-test",
          version: "0",
          instanceId: "0",
        });
        await http.start();
        t.after(() => http.stop());
        const monitors = [...ofKind("ServiceMonitor"), ...ofKind("PodMonitor")];
        const paths = [
          ...ours().flatMap(({ container }) => probesOf(container).map((probe) => probe.httpGet.path)),
          ...monitors.flatMap(({ spec }) =>
            (spec.endpoints ?? spec.podMetricsEndpoints).map((one: { path: string }) => one.path),
          ),
        ];
        for (const path of new Set(paths)) {
          const answer = await fetch(`http://127.0.0.1:${http.address?.port}${path}`);
          assert.notEqual(answer.status, 404, path);
        }
        for (const { container } of ours()) {
          assert.deepEqual(
            [container.startupProbe, container.livenessProbe, container.readinessProbe].map(
              (one) => one.httpGet.path,
            ),
            ["/startupz", "/livez", "/readyz"],
          );
        }
      });

      test("shows metrics as the job that rules and dashboards look for", () => {
        const monitors = [...ofKind("ServiceMonitor"), ...ofKind("PodMonitor")];
        assert.equal(monitors.length, name === "small" ? 0 : 1);
        for (const { spec } of monitors) {
          for (const { relabelings } of spec.endpoints ?? spec.podMetricsEndpoints) {
            assert.deepEqual(relabelings, [{ targetLabel: "job", replacement: "rollcall" }]);
          }
        }
      });

      test("runs commands and options that there are, from files of the image", () => {
        const commands = podsOf(manifests()).flatMap(({ pod }) =>
          pod.spec.containers
            .filter(({ image }: Container) => image.includes("rollcall"))
            .flatMap(({ args, lifecycle }: Container) => [
              args,
              ...(lifecycle === undefined ? [] : [programOf(lifecycle.preStop.exec.command)]),
            ]),
        );
        assert.ok(commands.length >= 5);
        for (const args of commands) checkCommand(args);
      });

      test("makes preStop, grace period and settings of one value, with time for each", () => {
        for (const { of, pod, container } of ours()) {
          const environment = environmentOf(container);
          const unready = Number(environment.ROLLCALL_DRAIN_UNREADY_MS) / 1_000;
          const drain = Number(environment.ROLLCALL_DRAIN_BUDGET_MS) / 1_000;
          assert.equal(pod.spec.terminationGracePeriodSeconds, unready + drain + 10, of);
          assert.ok(unready >= 5 && drain >= 15, `${of}: ${unready} s and ${drain} s`);
          assert.deepEqual(programOf(container.lifecycle.preStop.exec.command), ["leave", "--pid", "1"]);
          assert.notEqual(pod.spec.shareProcessNamespace, true, "the process is 1");
        }
      });

      test("runs pods as the restricted standard has it, and lets them write where they have to", () => {
        for (const { of, pod } of podsOf(manifests())) {
          const { spec } = pod;
          assert.equal(spec.securityContext.runAsNonRoot, true, of);
          assert.ok(spec.securityContext.runAsUser > 0, of);
          assert.deepEqual(spec.securityContext.seccompProfile, { type: "RuntimeDefault" }, of);
          assert.equal(spec.automountServiceAccountToken, false, of);
          for (const forbidden of ["hostNetwork", "hostPID", "hostIPC"]) assert.ok(!(forbidden in spec), of);
          const kindsOfVolume = ["emptyDir", "configMap", "secret", "persistentVolumeClaim"];
          for (const { name: volume, ...source } of spec.volumes) {
            assert.ok(kindsOfVolume.includes(Object.keys(source)[0] ?? ""), `${of}: ${volume}`);
          }
          for (const container of spec.containers) {
            assert.deepEqual(
              container.securityContext,
              {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
              of,
            );
            assert.ok(container.resources.requests.memory && container.resources.limits.memory, of);
          }
        }
        for (const { of, pod, container } of ours()) {
          const writable = container.volumeMounts.filter(({ readOnly }: Mount) => readOnly !== true);
          assert.deepEqual(
            writable.map(({ mountPath }: Mount) => mountPath).sort(),
            ["/tmp", environmentOf(container).ROLLCALL_DATA_DIR].sort(),
            of,
          );
          // The user of the image, to whom its files are readable.
          assert.match(read("deploy/images/Dockerfile"), /^USER node$/m);
          assert.equal(pod.spec.securityContext.runAsUser, 1000, of);
        }
        for (const { kind } of manifests()) assert.doesNotMatch(kind, /Role/);
      });

      test("mounts and refers to what is there, or what the values name", () => {
        const text = read(`deploy/helm/rollcall/ci/${name}-values.yaml`);
        const isThere = (kind: string, metadataName: string): boolean =>
          named(kind, metadataName) !== undefined ||
          ofKind("Certificate").some(({ spec }) => spec.secretName === metadataName) ||
          text.includes(metadataName);
        for (const { of, pod } of podsOf(manifests())) {
          const claims = (ofKind("StatefulSet").find(({ metadata }) => of.endsWith(metadata.name))?.spec
            .volumeClaimTemplates ?? []) as { metadata: { name: string } }[];
          const volumes = [
            ...pod.spec.volumes.map((one: { name: string }) => one.name),
            ...claims.map(({ metadata }) => metadata.name),
          ];
          for (const { secret, configMap } of pod.spec.volumes) {
            if (secret !== undefined)
              assert.ok(isThere("Secret", secret.secretName), `${of}: ${secret.secretName}`);
            if (configMap !== undefined)
              assert.ok(isThere("ConfigMap", configMap.name), `${of}: ${configMap.name}`);
          }
          for (const { volumeMounts = [], env = [] } of pod.spec.containers as Container[]) {
            for (const { name: volume } of volumeMounts)
              assert.ok(volumes.includes(volume), `${of}: ${volume}`);
            for (const { valueFrom } of env) {
              if (valueFrom === undefined) continue;
              const { name: secret, key } = valueFrom.secretKeyRef;
              assert.ok(isThere("Secret", secret), `${of}: ${secret}`);
              const made = named("Secret", secret);
              if (made !== undefined) assert.ok(key in (made.data ?? {}), `${of}: ${secret}/${key}`);
            }
          }
          const account = pod.spec.serviceAccountName as string;
          assert.ok(named("ServiceAccount", account) !== undefined, `${of}: ${account}`);
        }
        for (const { metadata, spec } of ofKind("HorizontalPodAutoscaler")) {
          const target = named("Deployment", spec.scaleTargetRef.name);
          assert.ok(target !== undefined, metadata.name);
          assert.ok(!("replicas" in target.spec), "an upgrade does not undo what the HPA did");
        }
      });

      test("selects pods of the release wherever it selects any", () => {
        const labels = podsOf(manifests()).map(({ pod }) => pod.metadata.labels);
        const services = ofKind("Service").map(({ metadata }) => metadata.labels ?? {});
        const others = ["nats", "nats-box"];
        const check = (
          what: string,
          selector: Selector,
          of: readonly Record<string, string>[] = labels,
        ): void => {
          if (selector.matchLabels?.app === "riak") {
            assert.equal(ofKind("RiakCluster")[0]?.metadata.name, selector.matchLabels.cluster, what);
          } else if (!others.includes(selector.matchLabels?.[component] ?? "")) {
            assert.ok(
              of.some((one) => selects(selector, one)),
              `${what} selects nothing`,
            );
          }
        };
        for (const { kind, metadata, spec } of manifests()) {
          const what = `${kind} ${metadata.name}`;
          if (kind === "Deployment" || kind === "StatefulSet") {
            assert.ok(selects(spec.selector, spec.template.metadata.labels), what);
            const many = labels.filter((one) => selects(spec.selector, one));
            assert.equal(many.length, 1, `${what} selects the pods of others`);
            for (const spread of spec.template.spec.topologySpreadConstraints ?? [])
              check(what, spread.labelSelector);
          }
          if (kind === "PodDisruptionBudget" || kind === "PodMonitor") check(what, spec.selector);
          if (kind === "ServiceMonitor") check(what, spec.selector, services);
          if (kind === "NetworkPolicy") {
            check(what, spec.podSelector);
            for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
              for (const peer of [...(rule.from ?? []), ...(rule.to ?? [])]) {
                if (peer.podSelector !== undefined && peer.namespaceSelector === undefined)
                  check(what, peer.podSelector);
              }
            }
          }
        }
      });

      test("lets nobody talk to anybody but for what is needed", () => {
        const labelsOf = (kind: string): Record<string, string> | undefined =>
          podsOf(manifests()).find(({ pod }) => pod.metadata.labels[component] === kind)?.pod.metadata.labels;
        const policies = ofKind("NetworkPolicy");
        const may = (from: string, to: string, port: number): boolean => {
          const [one, other] = [labelsOf(from), labelsOf(to)];
          if (one === undefined || other === undefined) return false;
          const open = (
            side: "Ingress" | "Egress",
            pod: Record<string, string>,
            peer: Record<string, string>,
          ) => {
            const about = policies.filter(
              ({ spec }) => spec.policyTypes.includes(side) && selects(spec.podSelector, pod),
            );
            assert.ok(about.length > 0, `${pod[component]} has no policy for ${side}`);
            return about
              .flatMap(({ spec }) => spec[side.toLowerCase()] ?? [])
              .some(
                ({ ports, from: sources, to: targets }) =>
                  (ports === undefined || ports.some((allowed: { port: number }) => allowed.port === port)) &&
                  (sources ?? targets ?? [{ podSelector: {} }]).some(
                    (allowed: { podSelector?: Selector; namespaceSelector?: unknown }) =>
                      allowed.podSelector !== undefined &&
                      allowed.namespaceSelector === undefined &&
                      selects(allowed.podSelector, peer),
                  ),
              );
          };
          return open("Egress", one, other) && open("Ingress", other, one);
        };
        const listens = ours()[0]?.container.ports[0].containerPort as number;
        const everybody = ["connection", "roster", "presence", "store", "buckets", "otel-collector"];
        const allowed = everybody.flatMap((from) =>
          everybody.flatMap((to) =>
            [listens, 4318, 8098, 5222, 15222].flatMap((port) =>
              may(from, to, port) ? [`${from} → ${to}:${port}`] : [],
            ),
          ),
        );
        const expected = {
          small: ["connection", "roster", "presence", "buckets"].map((from) => `${from} → store:8098`),
          production: [],
          everything: ["connection", "roster", "presence"].map((from) => `${from} → otel-collector:4318`),
        };
        assert.deepEqual(allowed.sort(), expected[name].sort());
        const denial = policies.find(({ spec }) => spec.ingress === undefined && spec.egress === undefined);
        for (const { of, pod } of podsOf(manifests()))
          assert.ok(selects(denial?.spec.podSelector, pod.metadata.labels), of);
        assert.deepEqual(denial?.spec.policyTypes, ["Ingress", "Egress"]);
      });

      test("rolls out without having less than before, and keeps the address of clients", () => {
        for (const kind of ["connection", "roster", "presence"]) {
          const spec = named("Deployment", `${fullName(name)}-${kind}`)?.spec;
          assert.equal(spec.strategy.rollingUpdate.maxUnavailable, 0, kind);
          if (kind === "connection") {
            const { minReadySeconds, template, progressDeadlineSeconds } = spec;
            assert.ok(
              minReadySeconds >= template.spec.terminationGracePeriodSeconds,
              "one step after the other",
            );
            assert.ok(progressDeadlineSeconds > minReadySeconds);
          }
          const budget = named("PodDisruptionBudget", `${fullName(name)}-${kind}`);
          assert.ok(budget !== undefined, kind);
        }
        const service = named("Service", fullName(name))?.spec;
        assert.equal(service.externalTrafficPolicy, service.type === "ClusterIP" ? undefined : "Local");
      });
    });
  }

  test("the production values scale in slowly and out fast", () => {
    const scaled = rendered.get("production")?.filter(({ kind }) => kind === "HorizontalPodAutoscaler") ?? [];
    assert.deepEqual(
      scaled.map(({ metadata }) => metadata.labels?.[component]),
      ["connection", "presence"],
    );
    for (const { spec, metadata } of scaled) {
      const { scaleUp, scaleDown } = spec.behavior;
      assert.equal(scaleUp.stabilizationWindowSeconds, 0);
      assert.ok(scaleDown.stabilizationWindowSeconds >= 900, metadata.name);
      assert.ok(scaleDown.policies[0].periodSeconds >= 300, "one is gone before the next one goes");
      assert.deepEqual(
        spec.metrics.map(({ type }: { type: string }) => type),
        ["Resource"],
      );
    }
  });

  test("with an adapter HPAs look at signals that its rules make", () => {
    const everything = rendered.get("everything") ?? [];
    const rules = parse(
      everything.find(({ metadata }) => metadata.name.endsWith("-prometheus-adapter"))?.data?.[
        "config.yaml"
      ] ?? "",
    ) as { rules: { seriesQuery: string; name: { as: string }; metricsQuery: string }[] };
    const made = rules.rules.map((rule) => rule.name.as);
    const asked = everything
      .filter(({ kind }) => kind === "HorizontalPodAutoscaler")
      .map(({ spec, metadata }) => ({
        of: metadata.labels?.[component],
        pods: spec.metrics.flatMap(
          (one: { pods?: { metric: { name: string } } }) => one.pods?.metric.name ?? [],
        ),
      }));
    for (const { pods } of asked) for (const metric of pods) assert.ok(made.includes(metric), metric);
    assert.deepEqual(
      asked.map(({ of, pods }) => [of, pods.length]),
      [
        ["connection", 2],
        ["roster", 2],
        ["presence", 3],
      ],
    );
    for (const { seriesQuery } of rules.rules)
      assert.match(seriesQuery, /^rollcall_\w+\{namespace!="",pod!=""\}$/);
  });

  test("a setting of rosters starts roster pods anew, and no others", () => {
    const checksums = (...args: readonly string[]): Record<string, string | undefined> =>
      Object.fromEntries(
        podsOf(helm.template(...bare, ...args)).map(({ of, pod }) => [
          of,
          pod.metadata.annotations?.["checksum/settings"],
        ]),
      );
    const before = checksums();
    const changed = checksums("--set-json", 'settings={"roster.max_items":100}');
    assert.deepEqual(
      Object.keys(before).filter((of) => before[of] !== changed[of]),
      ["Deployment xmpp-rollcall-roster"],
    );
    assert.ok(Object.values(before).filter((one) => one !== undefined).length >= 4);
  });

  test("the addresses of what comes along are those that the others have", () => {
    const settings = (...args: readonly string[]): Record<string, string> | undefined =>
      helm
        .template("--set", "settings.domains={example.org}", ...args)
        .find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name.endsWith("-roster"))?.data;
    const operator = settings("--set", "riak.operator.enabled=true");
    const node = (index: number) => `xmpp-rollcall-riak-${index}.xmpp-rollcall-riak-headless:8098`;
    assert.equal(operator?.ROLLCALL_RIAK_HOSTS, [0, 1, 2].map(node).join(","));
    assert.equal(operator?.ROLLCALL_NATS_SERVERS, "xmpp-nats:4222");
    assert.equal(operator?.ROLLCALL_NATS_REPLICAS, "3");
    const store = settings("--set", "store.enabled=true,nats.config.cluster.enabled=false");
    assert.equal(store?.ROLLCALL_RIAK_HOSTS, "xmpp-rollcall-store:8098");
    assert.ok(!("ROLLCALL_NATS_REPLICAS" in (store ?? {})));
    const given = settings(
      "--set",
      "nats.enabled=false",
      "--set-json",
      'settings={"nats.servers":["a:1","b:2"],"riak.hosts":["c:3"]}',
    );
    assert.equal(given?.ROLLCALL_NATS_SERVERS, "a:1,b:2");
    assert.equal(given?.ROLLCALL_RIAK_HOSTS, "c:3");
  });
});

/** Release and chart, or what the values call it. */
function fullName(values: (typeof files)[number]): string {
  return values === "everything" ? "xmpp-chat" : "xmpp-rollcall";
}
