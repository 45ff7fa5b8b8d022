import type { CollectedSpan } from "./decode-traces.ts";

/** A span with the steps that belong to it, in the order in which they began. */
export interface SpanNode {
  readonly span: CollectedSpan;
  readonly steps: readonly SpanNode[];
}

/** The tree of one trace. Spans whose parent was not collected are roots as well. */
export function spanTree(spans: readonly CollectedSpan[]): readonly SpanNode[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const nodeOf = (span: CollectedSpan): SpanNode => ({
    span,
    steps: inOrder(spans.filter(({ parentSpanId }) => parentSpanId === span.spanId)).map(nodeOf),
  });
  return inOrder(spans.filter(({ parentSpanId }) => !ids.has(parentSpanId))).map(nodeOf);
}

/** The tree as lines, a step indented below what it belongs to: `name (service)`. */
export function treeLines(nodes: readonly SpanNode[], depth = 0): string[] {
  return nodes.flatMap(({ span, steps }) => [
    `${"  ".repeat(depth)}${span.name} (${serviceOf(span)})`,
    ...treeLines(steps, depth + 1),
  ]);
}

/** `connection`, `roster`, `presence`, or `all-in-one`. */
export function serviceOf({ resource }: CollectedSpan): string {
  const name = String(resource["service.name"] ?? "");
  return name === "rollcall" ? "all-in-one" : name.replace("rollcall-", "");
}

function inOrder(spans: readonly CollectedSpan[]): CollectedSpan[] {
  return [...spans].sort((a, b) => a.start - b.start || (a.name < b.name ? -1 : 1));
}
