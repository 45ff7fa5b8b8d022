/**
 * Holds PromQL against what processes export: names of metrics, names and values of labels.
 *
 * Labels are followed through the expression, so that `sum by (outcome)` of something that has no `outcome` is found,
 * and what a recording rule hands on is known.
 */
import type { SyntaxNode } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";

/** Labels of a metric with the values that each may have; `undefined` where they are not known beforehand. */
export type Labels = ReadonlyMap<string, ReadonlySet<string> | undefined>;

export interface Checked {
  /** Sentences; none where all is well. */
  readonly problems: readonly string[];
  /** What the result of the expression has. */
  readonly labels: Labels;
  /** Metrics that it reads. */
  readonly metrics: ReadonlySet<string>;
}

/** Functions that read or set a label named in a string. */
const labelFunctions = new Set(["label_replace", "label_join"]);
const groups = new Set(["GroupLeft", "GroupRight"]);

/**
 * @param labelsOf what a metric has, those of the target included; `undefined` where nobody exports it.
 * @returns all that is wrong with the expression, which may have the variables of Grafana in it.
 */
export function checkPromql(expression: string, labelsOf: (metric: string) => Labels | undefined): Checked {
  // As long as what it replaces, so that positions stay right.
  const text = expression.replaceAll(/\$__(rate_interval|interval|range)/g, (variable) =>
    "5m".padEnd(variable.length),
  );
  const check = new Check(text, labelsOf);
  const labels = check.visit(parser.parse(text).topNode);
  return { problems: check.problems, labels, metrics: check.metrics };
}

class Check {
  readonly problems: string[] = [];
  readonly metrics = new Set<string>();
  readonly #text: string;
  readonly #labelsOf: (metric: string) => Labels | undefined;

  constructor(text: string, labelsOf: (metric: string) => Labels | undefined) {
    this.#text = text;
    this.#labelsOf = labelsOf;
  }

  /** @returns the labels of what the node evaluates to; none for a number. */
  visit(node: SyntaxNode): Labels {
    if (node.type.isError) {
      this.problems.push(`does not parse at "${this.#text.slice(node.from).slice(0, 30)}"`);
      return new Map();
    }
    switch (node.name) {
      case "VectorSelector":
        return this.#selector(node);
      case "AggregateExpr":
        return this.#aggregate(node);
      case "BinaryExpr":
        return this.#binary(node);
      case "FunctionCall":
        return this.#call(node);
      default:
        return union(childrenOf(node).map((child) => this.visit(child)));
    }
  }

  #selector(node: SyntaxNode): Labels {
    const metric = this.#textOf(node.getChild("Identifier"));
    const broken = descendants(node).some(({ type }) => type.isError);
    if (metric === "" || broken) {
      this.problems.push(`a selector without the name of a metric, or a broken one: ${this.#textOf(node)}`);
      return new Map();
    }
    this.metrics.add(metric);
    const labels = this.#labelsOf(metric);
    if (labels === undefined) {
      this.problems.push(`nothing exports ${metric}`);
      return new Map();
    }
    for (const matcher of descendants(node).filter(({ name }) => name === "UnquotedLabelMatcher"))
      this.#matcher(matcher, metric, labels);
    return labels;
  }

  #matcher(node: SyntaxNode, metric: string, labels: Labels): void {
    const label = this.#textOf(node.getChild("LabelName"));
    const operator = this.#textOf(node.getChild("MatchOp"));
    const value = this.#textOf(node.getChild("StringLiteral")).slice(1, -1);
    if (!labels.has(label)) {
      this.problems.push(`${metric} has no label ${label}`);
      return;
    }
    const values = labels.get(label);
    if (values === undefined || value.includes("$")) return;
    // Of an alternative each part has to match something; the values here have no parentheses.
    const parts = operator.includes("~") ? value.split("|") : [value];
    for (const part of parts) {
      const pattern = new RegExp(`^(?:${operator.includes("~") ? part : escapeRegExp(part)})$`);
      if (![...values].some((known) => pattern.test(known)))
        this.problems.push(`${metric} never has ${label}="${part}"`);
    }
  }

  #aggregate(node: SyntaxNode): Labels {
    const inner = union(node.getChildren("FunctionCallBody").map((body) => this.visit(body)));
    const modifier = node.getChild("AggregateModifier");
    if (modifier === null) return new Map();
    const named = this.#grouping(modifier, inner);
    return modifier.getChild("By") !== null ? only(inner, named) : without(inner, named);
  }

  #binary(node: SyntaxNode): Labels {
    const [left, right] = childrenOf(node)
      .filter(({ name }) => !operatorNames.has(name) && name !== "MatchingModifierClause")
      .map((child) => this.visit(child));
    if (left === undefined || right === undefined) {
      this.problems.push(`an operator with one side: ${this.#textOf(node)}`);
      return new Map();
    }
    const matching = node.getChild("MatchingModifierClause");
    if (matching === null) return this.#matchAll(node, left, right);
    const [on, carried] = matching.getChildren("GroupingLabels");
    const grouping = childrenOf(matching).find(({ name }) => groups.has(name));
    const [many, one] = grouping?.name === "GroupRight" ? [right, left] : [left, right];
    if (matching.getChild("On") !== null && on !== undefined) {
      for (const side of [left, right]) this.#known(on, side);
    }
    const added = carried === undefined ? [] : this.#known(carried, one);
    return union([many, only(one, added)]);
  }

  /** Without `on` nothing matches unless both sides have the same labels, or one of them is a number. */
  #matchAll(node: SyntaxNode, left: Labels, right: Labels): Labels {
    if (node.getChild("Or") !== null) return union([left, right]);
    const names = [left, right].map((labels) => [...labels.keys()].sort().join(", "));
    if (left.size > 0 && right.size > 0 && names[0] !== names[1])
      this.problems.push(`one side has the labels ${names[0]}, the other ${names[1]}: ${this.#textOf(node)}`);
    return left.size > 0 ? left : right;
  }

  #call(node: SyntaxNode): Labels {
    const name = this.#textOf(node.getChild("FunctionIdentifier"));
    const body = node.getChild("FunctionCallBody");
    const labels = new Map(body === null ? [] : this.visit(body));
    if (name === "histogram_quantile") {
      if (!labels.delete("le")) this.problems.push(`histogram_quantile of something without le`);
    }
    if (name === "absent" || name === "vector" || name === "scalar" || name === "time") return new Map();
    if (labelFunctions.has(name)) {
      const texts = body?.getChildren("StringLiteral").map((literal) => this.#textOf(literal).slice(1, -1));
      const [target = "", , source = ""] = texts ?? [];
      if (name === "label_replace" && source !== "" && !labels.has(source))
        this.problems.push(`label_replace reads ${source}, which is not there`);
      labels.set(target, undefined);
    }
    return labels;
  }

  #grouping(modifier: SyntaxNode, labels: Labels): string[] {
    const named = modifier.getChild("GroupingLabels");
    return named === null ? [] : this.#known(named, labels);
  }

  /** The labels that a list names, each of which has to be there. */
  #known(list: SyntaxNode, labels: Labels): string[] {
    const named = list.getChildren("LabelName").map((label) => this.#textOf(label));
    for (const label of named) {
      if (!labels.has(label)) this.problems.push(`grouped by ${label}, which is not there`);
    }
    return named;
  }

  #textOf(node: SyntaxNode | null): string {
    return node === null ? "" : this.#text.slice(node.from, node.to);
  }
}

const operatorNames = new Set(
  "Add Sub Mul Div Mod Pow Atan2 And Or Unless Eql EqlC EqlSingle Neq Gtr Gte Lss Lte BoolModifier".split(
    " ",
  ),
);

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}

function descendants(node: SyntaxNode): SyntaxNode[] {
  return childrenOf(node).flatMap((child) => [child, ...descendants(child)]);
}

function union(all: readonly Labels[]): Labels {
  return new Map(all.flatMap((labels) => [...labels]));
}

function only(labels: Labels, names: readonly string[]): Labels {
  return new Map([...labels].filter(([name]) => names.includes(name)));
}

function without(labels: Labels, names: readonly string[]): Labels {
  return new Map([...labels].filter(([name]) => !names.includes(name)));
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
