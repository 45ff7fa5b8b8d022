import { environmentName, formatListen, type ListenAddress } from "@rollcall/runtime";

const addressProblems: Readonly<Record<string, string>> = {
  EADDRINUSE: "is in use by another process",
  EADDRNOTAVAIL: "is not an address of this machine",
  EACCES: "is not open to this user",
};

/** What somebody at a terminal reads when a service did not start: what is wrong, and what to change. */
export function startFailure(
  service: string,
  error: Error,
  settings: Readonly<Record<string, unknown>>,
): string {
  const { code = "", message, port } = error as NodeJS.ErrnoException & { readonly port?: number };
  const problem = addressProblems[code];
  for (const [name, value] of Object.entries(settings)) {
    if (problem === undefined || !isListen(value) || value.port !== port) continue;
    return `Rollcall did not start: ${formatListen(value)} ${problem}; set ${name} (${environmentName(name)}) to another\n`;
  }
  const hint = code === "in-use" ? `; stop that one, or set data.dir (${environmentName("data.dir")})` : "";
  return `Rollcall did not start: ${service}: ${message}${hint}\n`;
}

function isListen(value: unknown): value is ListenAddress {
  return typeof value === "object" && value !== null && "port" in value;
}
