import { connect } from "node:net";
import type { Check, Finding } from "@rollcall/contracts";
import type { ServerSettings } from "../server-access.ts";

const LIMIT_MS = 3_000;
const NATS_PORT = 4_222;
/** The first line of a NATS server says who it is, before any login. */
const INFO_BYTES = 16 * 1_024;

/** NATS and Riak from here, where no server runs that could say. Only what the settings name: one process alone needs neither. */
export async function* checkBackends({ loaded }: ServerSettings): AsyncGenerator<Check> {
  const { origins, values } = loaded;
  const isSet = (name: string): boolean => origins[name]?.kind !== "default";
  if (isSet("nats.servers")) {
    const findings = await Promise.all(values["nats.servers"].map(natsFindings));
    yield { check: "nats", title: "NATS answers, and has JetStream", findings: findings.flat() };
  }
  if (isSet("riak.hosts")) {
    const findings = await Promise.all(values["riak.hosts"].map(riakFindings));
    yield { check: "riak", title: "Riak answers", findings: findings.flat() };
  }
}

async function natsFindings(server: string): Promise<Finding[]> {
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(server) ?? [];
  try {
    const info = await natsInfo(bracketed ?? plain ?? server, Number(port ?? NATS_PORT));
    if (info.jetstream === true) return [];
    return [
      {
        severity: "error",
        code: "no-jetstream",
        message: `NATS at ${server} has no JetStream`,
        action: "switch it on: jetstream {} in its configuration, or nats-server -js",
      },
    ];
  } catch (fault) {
    return [unreachable("nats-away", `NATS at ${server}`, fault, "nats.servers")];
  }
}

/** @throws when there is no NATS server. */
function natsInfo(host: string, port: number): Promise<{ readonly jetstream?: unknown }> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect({ host, port, timeout: LIMIT_MS });
    const end = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setEncoding("utf8");
    socket.on("timeout", () => end(new Error(`nothing was heard for ${LIMIT_MS / 1_000} s`)));
    socket.on("error", end);
    socket.on("end", () => end(new Error("it closed the connection")));
    socket.on("data", (chunk: string) => {
      text += chunk;
      const [, json] = /^INFO (\{.*\})\s*\r\n/.exec(text) ?? [];
      if (json === undefined) {
        if (text.length > INFO_BYTES || text.includes("\n")) end(new Error("that is no NATS server"));
        return;
      }
      socket.destroy();
      try {
        resolve(JSON.parse(json) as { readonly jetstream?: unknown });
      } catch {
        reject(new Error("that is no NATS server"));
      }
    });
  });
}

async function riakFindings(host: string): Promise<Finding[]> {
  try {
    const url = host.includes("://") ? new URL(host) : new URL(`http://${host}`);
    const { password, username } = url;
    url.username = "";
    url.password = "";
    const headers: Record<string, string> =
      username === ""
        ? {}
        : {
            authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64")}`,
          };
    const response = await fetch(new URL("/ping", url), { headers, signal: AbortSignal.timeout(LIMIT_MS) });
    if (response.ok) return [];
    throw new Error(`it answers /ping with ${response.status}`);
  } catch (fault) {
    // The address may hold a password.
    return [
      unreachable(
        "riak-down",
        `Riak at ${host.replace(/^([a-z]+:\/\/)?[^@/]*@/, "$1")}`,
        fault,
        "riak.hosts",
      ),
    ];
  }
}

function unreachable(code: string, what: string, fault: unknown, setting: string): Finding {
  const cause = (fault as { cause?: NodeJS.ErrnoException }).cause ?? (fault as NodeJS.ErrnoException);
  const reason = cause.code === "ECONNREFUSED" ? "nothing listens there" : cause.message;
  return {
    severity: "error",
    code,
    message: `${what} does not answer: ${reason}`,
    action: `start it, or correct ${setting}`,
  };
}
