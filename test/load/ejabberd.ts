import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "@rollcall/testkit";
import { accepts } from "./prosody.ts";
import { selfSignedCertificate } from "./self-signed.ts";
import { DOMAIN, type LoadUser, PASSWORD, type ServerKind, stopProcess, until } from "./server-under-test.ts";

const control = "/usr/sbin/ejabberdctl";

/** ejabberd from Debian with Mnesia and SCRAM keys. Accounts and rosters come in by XEP-0227. */
export const ejabberd: ServerKind = {
  name: "ejabberd",
  missing: () => (existsSync(control) ? undefined : "apt-get install ejabberd"),
  async start(users) {
    const folder = mkdtempSync(join(tmpdir(), "ejabberd-bench-"));
    execFileSync("chmod", ["755", folder]);
    const [port = 0, epmd = 0] = await freePorts(2);
    const certificate = await selfSignedCertificate(folder, DOMAIN);
    const pem = join(folder, "both.pem");
    writeFileSync(pem, readFileSync(certificate.cert, "utf8") + readFileSync(certificate.key, "utf8"));
    const config = join(folder, "ejabberd.yml");
    writeFileSync(config, configuration(port, pem));
    const piefxis = join(folder, "users.xml");
    writeFileSync(piefxis, piefxisOf(users));
    for (const sub of ["spool", "logs"]) mkdirSync(join(folder, sub));
    const ebin = execFileSync("sh", ["-c", "dpkg -L ejabberd | grep '/ejabberd.beam$'"]).toString().trim();
    const child = spawn(
      "erl",
      [
        "-noinput",
        "-noshell",
        "+K",
        "true",
        "+P",
        "250000",
        "-sname",
        `bench${port}@localhost`,
        "-start_epmd",
        "true",
        "-pa",
        ebin.replace(/\/ejabberd\.beam$/, ""),
        "-mnesia",
        "dir",
        `"${join(folder, "spool")}"`,
        "-ejabberd",
        "config",
        `"${config}"`,
        "log_path",
        `"${join(folder, "logs", "ejabberd.log")}"`,
        "-s",
        "ejabberd",
        "-eval",
        importScript(piefxis, join(folder, "imported")),
      ],
      {
        env: { ...process.env, HOME: folder, ERL_EPMD_PORT: String(epmd), ERL_MAX_PORTS: "65536" },
        stdio: ["ignore", "ignore", "inherit"],
      },
    );
    await until("starting ejabberd", () => accepts(port));
    await until("importing users into ejabberd", () => existsSync(join(folder, "imported")));
    return {
      name: "ejabberd",
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

function importScript(file: string, flag: string): string {
  return `spawn(fun() -> timer:sleep(3000), R = ejabberd_piefxis:import_file(<<"${file}">>), file:write_file("${flag}", io_lib:format("~p", [R])) end).`;
}

function configuration(port: number, pem: string): string {
  return `hosts: [${DOMAIN}]
loglevel: error
certfiles: ["${pem}"]
auth_method: internal
auth_password_format: scram
listen:
  - port: ${port}
    ip: "127.0.0.1"
    module: ejabberd_c2s
    starttls: true
    starttls_required: false
    max_stanza_size: 262144
    shaper: none
    access: all
modules:
  mod_roster: { versioning: true }
  mod_disco: {}
  mod_ping: {}
  mod_last: {}
  mod_version: {}
  mod_offline: {}
`;
}

function piefxisOf(users: readonly LoadUser[]): string {
  const body = users.map((user) => {
    const items = user.contacts.map(
      (contact) =>
        `<item jid='${contact}@${DOMAIN}' name='${contact}' subscription='both'><group>Friends</group></item>`,
    );
    return `<user name='${user.username}' password='${PASSWORD}'><query xmlns='jabber:iq:roster'>${items.join("")}</query></user>`;
  });
  return `<?xml version='1.0' encoding='UTF-8'?><server-data xmlns='urn:xmpp:pie:0'><host jid='${DOMAIN}'>${body.join("\n")}</host></server-data>`;
}
