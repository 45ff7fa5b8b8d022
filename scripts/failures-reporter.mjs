// A reporter of node:test that says only what failed: the path of names, the file, and the error.
// What a suite says about its own failing tests is left out; they have said it themselves.
export default async function* failures(events) {
  const names = [];
  for await (const { type, data } of events) {
    if (type === "test:start") {
      names[data.nesting] = data.name;
      names.length = data.nesting + 1;
    }
    if (type !== "test:fail" || data.todo !== undefined) continue;
    const error = data.details?.error;
    if (error?.failureType === "subtestsFailed") continue;
    const path = [...names.slice(0, data.nesting), data.name].join(" > ");
    const cause = error?.cause ?? error;
    const said = cause?.stack ?? cause?.message ?? String(cause);
    yield `\n✖ ${path}\n  ${data.file ?? ""}:${data.line ?? ""} (${Math.round(data.details?.duration_ms ?? 0)} ms)\n`;
    yield `${String(said)
      .split("\n")
      .slice(0, 40)
      .map((line) => `  ${line}`)
      .join("\n")}\n`;
  }
}
