/** Manifests as the tests look at them. */
import { parseAllDocuments } from "yaml";

export type Labels = Readonly<Record<string, string>>;

export interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
}

/** An object of Kubernetes. What is in `spec` is looked at where it is known from the kind. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Labels; readonly annotations?: Labels };
  // biome-ignore lint/suspicious/noExplicitAny: the schemas of Kubernetes have been asked before.
  readonly spec?: any;
  readonly data?: Readonly<Record<string, string>>;
}

export interface PodTemplate {
  readonly metadata: { readonly labels: Labels; readonly annotations?: Labels };
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  readonly spec: any;
}

export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    const manifest = document.toJS() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });
}

/** The pods that the workloads of a release make, with whose they are. */
export function podsOf(manifests: readonly Manifest[]): { readonly of: string; readonly pod: PodTemplate }[] {
  return manifests
    .filter(({ kind }) => ["Deployment", "StatefulSet", "Job"].includes(kind))
    .map(({ kind, metadata, spec }) => ({
      of: `${kind} ${metadata.name}`,
      pod: spec.template as PodTemplate,
    }));
}

/** As Kubernetes does it, for the operators that the chart uses. */
export function selects(selector: Selector, labels: Labels): boolean {
  return (
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values }) => {
      if (operator !== "In") throw new Error(`the tests do not know the operator ${operator}`);
      return labels[key] !== undefined && values.includes(labels[key]);
    })
  );
}
