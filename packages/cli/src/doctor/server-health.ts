import type { Check, Finding } from "@rollcall/contracts";

const LIMIT_MS = 5_000;

interface Probe {
  readonly reasons?: readonly { readonly service: string; readonly reason: string }[];
}

/** Whether anything answers where the server should be, and takes work. Needs no token. */
export async function askHealth(url: URL): Promise<Check> {
  const title = `the server at ${url.origin} runs and takes work`;
  const check = (findings: readonly Finding[]): Check => ({ check: "server", title, findings });
  let response: Response;
  let body: Probe;
  try {
    response = await fetch(new URL(`${url.pathname.replace(/\/$/, "")}/readyz`, url), {
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    body = (await response.json().catch(() => ({}))) as Probe;
  } catch (fault) {
    const cause = (fault as { cause?: NodeJS.ErrnoException }).cause;
    const silent =
      cause?.code === "ECONNREFUSED" ? "nothing listens there" : (cause?.message ?? "no answer in 5 s");
    return check([
      {
        severity: "error",
        code: "no-server",
        message: `no server answers at ${url.origin}: ${silent}`,
        action:
          "start it (npm start, or rollcall cluster) and read what it prints; or say where it is: --url, or the setting listen.http",
      },
    ]);
  }
  if (body.reasons === undefined) {
    const message = `what answers at ${url.origin} (status ${response.status}) is not Rollcall`;
    const action = "give --url, or the setting listen.http, of a process with the admin interface";
    return check([{ severity: "error", code: "no-server", message, action }]);
  }
  return check(
    body.reasons.map(({ service, reason }) => ({
      severity: "error",
      code: "not-ready",
      message: `${service} ${reason}`,
      action: "it may be starting: ask again in seconds; its log says what it waits for",
    })),
  );
}
