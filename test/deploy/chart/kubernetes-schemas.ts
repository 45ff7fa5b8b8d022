/** What the schemas of Kubernetes, cert-manager and the Prometheus operator say of a manifest. */
import type { Manifest } from "./manifest.ts";

interface Model {
  readonly prototype: { validate(): void };
}

const groups: Readonly<Record<string, string>> = {
  "cert-manager.io": "@kubernetes-models/cert-manager",
  "monitoring.coreos.com": "@kubernetes-models/prometheus-operator",
};

/** Of the OpenRiak operator there are no schemas to install; the schema of the values has the fields of a RiakCluster. */
const without = ["riak.openriak.io/v1"];

/**
 * What is wrong with it, a sentence each: a value of the wrong type, one that is missing, and a field that there is not,
 * which Kubernetes itself would only warn of.
 */
export async function faultsOf(manifest: Manifest): Promise<string[]> {
  const { apiVersion, kind } = manifest;
  if (without.includes(apiVersion)) return [];
  const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
  const specifier = `${groups[group] ?? "kubernetes-models"}/${apiVersion}/${kind}`;
  let models: Readonly<Record<string, Model>>;
  try {
    models = (await import(specifier)) as typeof models;
  } catch {
    return [`there is no ${apiVersion} ${kind}`];
  }
  const read = new Set<string>();
  const faults: string[] = [];
  try {
    models[kind]?.prototype.validate.call(recording(manifest, "", read));
  } catch (error) {
    faults.push((error as Error).message);
  }
  return [...faults, ...unread(manifest, "", read).map((path) => `${path} is no field of a ${kind}`)];
}

/** Notes what is read of it. The schemas are compiled to code that reads every field they know. */
function recording<T extends object>(value: T, path: string, read: Set<string>): T {
  return new Proxy(value, {
    get(target, key, receiver) {
      const found: unknown = Reflect.get(target, key, receiver);
      if (typeof key !== "string") return found;
      const at = `${path}/${key}`;
      read.add(at);
      return typeof found === "object" && found !== null ? recording(found, at, read) : found;
    },
  });
}

/** Fields that were not read, without those below them. */
function unread(value: unknown, path: string, read: ReadonlySet<string>): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, below]) => {
    const at = `${path}/${key}`;
    return read.has(at) ? unread(below, at, read) : [at];
  });
}
