import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type NatsConnection, nkeys } from "@nats-io/transport-node";
import { silentLogger } from "@rollcall/telemetry";
import { connectionOptions, connectNats } from "./connect-nats.ts";
import { checkNatsSettings, type NatsSettings, natsSettings } from "./nats-settings.ts";
import { natsServerMissing, startNatsServer, type TestNatsServer } from "./testing/start-nats-server.ts";

const defaults = Object.fromEntries(
  Object.entries(natsSettings).map(([name, { default: value }]) => [name, value]),
) as unknown as NatsSettings;

const problemsOf = (settings: Partial<NatsSettings>): string[] =>
  checkNatsSettings({ ...defaults, ...settings }).map(({ name }) => name);

test("settings that belong together come together, and there is one way to log in", () => {
  assert.deepEqual(problemsOf({}), []);
  assert.deepEqual(problemsOf({ "nats.servers": [] }), ["nats.servers"]);
  assert.deepEqual(problemsOf({ "nats.servers": ["nats://user:secret@host"] }), ["nats.servers"]);
  assert.deepEqual(problemsOf({ "nats.servers": ["a:4222", "[::1]:4222", "10.0.0.1"] }), []);
  assert.deepEqual(problemsOf({ "nats.user": "rollcall" }), ["nats.user"]);
  assert.deepEqual(problemsOf({ "nats.password": "x" }), ["nats.password"]);
  assert.deepEqual(problemsOf({ "nats.token": "x", "nats.creds": "f" }), ["nats.creds"]);
  assert.deepEqual(problemsOf({ "nats.tls_cert": "c" }), ["nats.tls_cert"]);
  assert.deepEqual(problemsOf({ "nats.tls_key": "k" }), ["nats.tls_key"]);
  assert.deepEqual(problemsOf({ "nats.nkey_seed": "SUxx" }), ["nats.nkey_seed"]);
});

test("a complaint tells no secret, and a file that is not there is told at once", () => {
  const settings = { ...defaults, "nats.nkey_seed": "SUHUSH" };
  assert.throws(() => connectionOptions({ settings, name: "n", logger: silentLogger }), {
    name: "TypeError",
    message: "nats.nkey_seed is not the seed of a user's nkey",
  });
  assert.throws(
    () =>
      connectionOptions({
        settings: { ...defaults, "nats.creds": "/no/such" },
        name: "n",
        logger: silentLogger,
      }),
    /ENOENT/,
  );
});

describe("connecting to a real server", { skip: natsServerMissing(), timeout: 20_000 }, () => {
  const withServer = async (
    config: string,
    run: (server: TestNatsServer) => Promise<void>,
  ): Promise<void> => {
    const server = await startNatsServer(config);
    try {
      await run(server);
    } finally {
      await server.stop();
    }
  };
  const login = (server: TestNatsServer, settings: Partial<NatsSettings>): Promise<NatsConnection> =>
    connectNats({
      settings: { ...defaults, "nats.servers": [`127.0.0.1:${server.port}`], ...settings },
      name: "balcony-1",
      logger: silentLogger,
      signal: AbortSignal.timeout(5_000),
    });
  const works = async (server: TestNatsServer, settings: Partial<NatsSettings>): Promise<void> => {
    const connection = await login(server, settings);
    assert.ok((await connection.rtt()) >= 0);
    await connection.close();
  };

  test("by user and password", () =>
    withServer('authorization { user: "rollcall", password: "wherefore" }', (server) =>
      works(server, { "nats.user": "rollcall", "nats.password": "wherefore" }),
    ));

  test("by token", () =>
    withServer('authorization { token: "balcony" }', (server) => works(server, { "nats.token": "balcony" })));

  test("by nkey", () => {
    const user = nkeys.createUser();
    const seed = new TextDecoder().decode(user.getSeed());
    return withServer(`authorization { users: [ { nkey: "${user.getPublicKey()}" } ] }`, (server) =>
      works(server, { "nats.nkey_seed": seed }),
    );
  });

  test("over TLS with certificates on both sides", () =>
    withServer("", async (plain) => {
      const pem = (name: string): string => join(plain.folder, name);
      const openssl = (...args: string[]): unknown => execFileSync("openssl", args, { stdio: "ignore" });
      const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
      openssl(
        "req",
        "-x509",
        ...key,
        "-keyout",
        pem("ca.key"),
        "-out",
        pem("ca.pem"),
        "-subj",
        "/CN=ca",
        "-days",
        "2",
      );
      writeFileSync(pem("san"), "subjectAltName=DNS:localhost");
      for (const name of ["server", "client"]) {
        openssl(
          "req",
          "-new",
          ...key,
          "-keyout",
          pem(`${name}.key`),
          "-out",
          pem(`${name}.csr`),
          "-subj",
          `/CN=${name}`,
        );
        openssl(
          ...["x509", "-req", "-in", pem(`${name}.csr`), "-CA", pem("ca.pem"), "-CAkey", pem("ca.key")],
          ...["-CAcreateserial", "-extfile", pem("san"), "-out", pem(`${name}.pem`), "-days", "2"],
        );
      }
      const tls = `tls { cert_file: "${pem("server.pem")}", key_file: "${pem("server.key")}", ca_file: "${pem("ca.pem")}", verify: true }`;
      await withServer(tls, (server) =>
        works(server, {
          "nats.servers": [`localhost:${server.port}`],
          "nats.tls_ca": pem("ca.pem"),
          "nats.tls_cert": pem("client.pem"),
          "nats.tls_key": pem("client.key"),
        }),
      );
    }));

  test("a lost server is told, and so is its return", () =>
    withServer("", async (server) => {
      const told: string[] = [];
      let heard = (): void => {};
      const note = ({ event }: { event: string }): void => {
        told.push(event);
        heard();
      };
      const logger = { ...silentLogger, info: note, warn: note };
      const connection = await connectNats({
        settings: { ...defaults, "nats.servers": [`127.0.0.1:${server.port}`] },
        name: "balcony-1",
        logger,
      });
      const back = new Promise<void>((resolve) => {
        heard = () => {
          if (told.length >= 3) resolve();
        };
      });
      await server.halt();
      await server.resume();
      await back;
      assert.deepEqual(told, ["nats.connected", "nats.disconnected", "nats.connected"]);
      await connection.close();
    }));
});
