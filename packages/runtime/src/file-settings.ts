import { isAlias, isMap, isScalar, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";

/** One value of the file, under its dotted name. */
export interface FileEntry {
  readonly name: string;
  readonly line: number;
  /** As YAML has it. */
  readonly raw: unknown;
}

export interface FileSettings {
  readonly entries: readonly FileEntry[];
  readonly problems: readonly { readonly line: number; readonly message: string }[];
}

/**
 * Takes `rollcall.yaml` apart: `listen: { c2s: … }` and `listen.c2s: …` both are the entry `listen.c2s`.
 * Below a name in `known` nothing is looked for; an empty section is no entry.
 */
export function readFileSettings(text: string, known: ReadonlySet<string>): FileSettings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineOf = (offset: number | undefined): number => lines.linePos(offset ?? 0).line;
  const entries: FileEntry[] = [];
  const problems = document.errors.map((error) => ({
    line: lineOf(error.pos[0]),
    message: `not valid YAML: ${error.message}`,
  }));
  if (problems.length > 0) return { entries, problems };

  const seen = new Set<string>();
  const walk = (map: YAMLMap, prefix: string, depth: number): void => {
    for (const { key, value } of map.items) {
      const line = lineOf((key as Node).range?.[0]);
      const name = `${prefix}${isScalar(key) ? String(key.value) : String(key)}`;
      const node = isAlias(value) ? value.resolve(document) : (value as Node | null);
      if (isMap(node) && !known.has(name) && depth < depthLimit) {
        walk(node, `${name}.`, depth + 1);
        continue;
      }
      if (
        (node === null || node === undefined || (isScalar(node) && node.value === null)) &&
        !known.has(name)
      ) {
        if ([...known].some((setting) => setting.startsWith(`${name}.`))) continue;
      }
      if (seen.has(name)) problems.push({ line, message: `${name} is set twice` });
      seen.add(name);
      entries.push({ name, line, raw: node?.toJS(document) ?? null });
    }
  };
  const root = document.contents;
  if (isMap(root)) walk(root, "", 0);
  else if (root !== null && !(isScalar(root) && root.value === null)) {
    problems.push({ line: 1, message: "must be a map of settings" });
  }
  return { entries, problems };
}

/** Deeper than any setting; an alias may make a circle. */
const depthLimit = 8;
