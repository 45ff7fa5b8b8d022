import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the checkout; compiled tests run from test/dist/architecture. */
export const root = fileURLToPath(new URL("../../../", import.meta.url));

export interface SourceFile {
  /** From the root, as packages/xmpp/src/jid.ts. */
  readonly path: string;
  /** packages/xmpp */
  readonly home: string;
  readonly text: string;
  readonly imports: readonly Import[];
  /** Tests, contract suites and benches: they may use more. */
  readonly isTest: boolean;
}

export interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  /** For a relative one: the file it names, from the root. */
  readonly file: string | undefined;
}

const statement = /^\s*(import|export)\s+(type\s+)?(?:[^"';]*?\sfrom\s+)?"([^"]+)";/gm;
const dynamic = /\bimport\("([^"]+)"\)/g;

export function homes(): string[] {
  return ["packages", "services"].flatMap((folder) =>
    readdirSync(join(root, folder))
      .map((name) => `${folder}/${name}`)
      .filter((home) => existsSync(join(root, home, "package.json"))),
  );
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

/** Source text without comments and the contents of strings, for looking at words. */
export function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(^|[^:"'`])\/\/.*$/gm, "$1")
    .replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
}

export function sourceFiles(): SourceFile[] {
  return homes().flatMap((home) =>
    filesBelow(join(root, home, "src"))
      .filter((path) => path.endsWith(".ts"))
      .map((path) => {
        const text = readFileSync(path, "utf8");
        const found = [
          ...[...text.matchAll(statement)].map((match) => ({
            specifier: match[3] ?? "",
            typeOnly: match[2] !== undefined,
          })),
          ...[...text.matchAll(dynamic)].map((match) => ({ specifier: match[1] ?? "", typeOnly: false })),
        ];
        const own = relative(root, path);
        return {
          path: own,
          home,
          text,
          imports: found.map((entry) => ({
            ...entry,
            file: entry.specifier.startsWith(".")
              ? relative(root, join(dirname(path), entry.specifier))
              : undefined,
          })),
          isTest: /\.(test|bench|contract)\.ts$|\/contract\.ts$|\/(testing|fixtures)\//.test(own),
        };
      }),
  );
}
