import { formatListen, type ListenAddress } from "@rollcall/runtime";
import type { AllInOne } from "./create-all-in-one.ts";
import type { AllInOneSettings } from "./settings.ts";

/** What `npm start` says when the server is up: where it listens, and what to type next. */
export function greeting(server: AllInOne, settings: AllInOneSettings, startedInMs: number): string {
  const { c2s, c2sTls, riak, http } = server.addresses();
  const where = (address: ListenAddress | undefined, text: (address: string) => string): string[] =>
    address === undefined ? [] : [text(formatListen(address))];
  const domain = settings.domains[0] ?? "localhost";
  const clients = [
    ...where(c2s, (at) => `${at} (${settings["tls.required"] ? "STARTTLS" : "TLS not required"})`),
    ...where(c2sTls, (at) => `${at} (TLS)`),
  ];
  const lines = [
    `Rollcall is up after ${Math.round(startedInMs)} ms; it keeps its data in ${settings["data.dir"]}`,
    `  clients      ${clients.join(", ") || "off"}, for ${settings.domains.join(", ")}`,
    ...where(
      riak,
      (at) => `  rosters      http://${at}/riak/${settings["roster.bucket"]}/JID (Riak's HTTP API)`,
    ),
    ...where(http, (at) => `  health       http://${at}/readyz`),
    `Next, in another terminal:`,
    `  npx rollcall user add romeo@${domain}`,
    `  npx rollcall --help`,
    `Then log in with any XMPP client. Ctrl-C stops the server.`,
  ];
  return `${lines.join("\n")}\n`;
}
