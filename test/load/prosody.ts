import { spawn } from "node:child_process";
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "@rollcall/testkit";
import { selfSignedCertificate } from "./self-signed.ts";
import { DOMAIN, type LoadUser, PASSWORD, type ServerKind, stopProcess, until } from "./server-under-test.ts";

const binary = "/usr/bin/prosody";

/** Prosody from Debian with its usual modules for IM, internal storage and hashed passwords. */
export const prosody: ServerKind = {
  name: "Prosody",
  missing: () => (existsSync(binary) ? undefined : "apt-get install prosody"),
  async start(users) {
    const folder = mkdtempSync(join(tmpdir(), "prosody-bench-"));
    const [port = 0] = await freePorts(1);
    const certificate = await selfSignedCertificate(folder, DOMAIN);
    writeUsers(join(folder, "data", DOMAIN), users);
    const config = join(folder, "prosody.cfg.lua");
    writeFileSync(
      config,
      `run_as_root = true
pidfile = "${folder}/prosody.pid"
data_path = "${folder}/data"
log = { error = "${folder}/prosody.err" }
interfaces = { "127.0.0.1" }
c2s_ports = { ${port} }
s2s_ports = {}
network_backend = "epoll"
modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "version", "time", "uptime", "presence", "message", "iq", "offline" }
modules_disabled = { "s2s" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = false
authentication = "internal_hashed"
storage = "internal"
limits = {}
ssl = { certificate = "${certificate.cert}", key = "${certificate.key}" }
VirtualHost "${DOMAIN}"
`,
    );
    const child = spawn(binary, ["--config", config, "-F"], { stdio: ["ignore", "ignore", "inherit"] });
    await until("starting Prosody", () => accepts(port));
    return {
      name: "Prosody",
      pid: child.pid ?? 0,
      plain: { host: "127.0.0.1", port, tls: "none" },
      secure: { host: "127.0.0.1", port, tls: "starttls" },
      async stop() {
        await stopProcess(child);
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};

/** Whether something listens. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Accounts and rosters in the form of Prosody's internal storage. */
function writeUsers(folder: string, users: readonly LoadUser[]): void {
  mkdirSync(join(folder, "accounts"), { recursive: true });
  mkdirSync(join(folder, "roster"), { recursive: true });
  const iterations = 4096;
  const salt = randomBytes(12).toString("hex");
  const salted = pbkdf2Sync(PASSWORD, salt, iterations, 20, "sha1");
  const storedKey = createHash("sha1")
    .update(createHmac("sha1", salted).update("Client Key").digest())
    .digest("hex");
  const serverKey = createHmac("sha1", salted).update("Server Key").digest("hex");
  for (const user of users) {
    writeFileSync(
      join(folder, "accounts", `${encode(user.username)}.dat`),
      `return { ["iteration_count"] = ${iterations}; ["salt"] = "${salt}"; ["stored_key"] = "${storedKey}"; ["server_key"] = "${serverKey}"; };\n`,
    );
    const items = user.contacts.map(
      (contact) =>
        `["${contact}@${DOMAIN}"] = { ["subscription"] = "both"; ["groups"] = { ["Friends"] = true; }; ["name"] = "${contact}"; };`,
    );
    writeFileSync(
      join(folder, "roster", `${encode(user.username)}.dat`),
      `return { [false] = { ["version"] = 1; ["pending"] = {}; }; ${items.join("\n")} };\n`,
    );
  }
}

/** Prosody's file names: everything but letters and digits as %xx. */
function encode(text: string): string {
  return text.replace(
    /[^A-Za-z0-9]/g,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
