import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { type LogFields, silentLogger } from "@rollcall/telemetry";
import { developmentCertificate } from "./development-certificate.ts";
import { TlsContext } from "./tls-context.ts";

const folder = mkdtempSync(join(tmpdir(), "rollcall-tls-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const now = Date.UTC(2030, 0, 1);
const domains = ["example.org", "bücher.example", "[2001:db8::1]", "192.0.2.1"];

describe("the self-made certificate", () => {
  test("names the domains and localhost, and its key is for the owner only", async () => {
    const directory = join(folder, "made");
    const { cert, created } = await developmentCertificate(directory, domains, now);
    assert.equal(created, true);
    const certificate = new X509Certificate(cert);
    for (const name of ["example.org", "xn--bcher-kva.example", "localhost"]) {
      assert.equal(certificate.checkHost(name), name);
    }
    for (const address of ["2001:db8::1", "192.0.2.1"]) assert.ok(certificate.checkIP(address));
    assert.equal(certificate.ca, false);
    assert.ok(Date.parse(certificate.validTo) > now);
    assert.equal(statSync(join(directory, "self-signed.key")).mode & 0o777, 0o600);
  });

  test("is one for all that start together", async () => {
    const directory = join(folder, "together");
    const all = await Promise.all(
      Array.from({ length: 8 }, () => developmentCertificate(directory, domains, now)),
    );
    assert.equal(new Set(all.map(({ cert, key }) => `${cert}${key}`)).size, 1);
    assert.equal(all.filter(({ created }) => created).length, 1);
  });

  test("is the same after a restart, and made anew for other domains or shortly before its end", async () => {
    const directory = join(folder, "kept");
    const first = await developmentCertificate(directory, domains, now);
    const second = await developmentCertificate(directory, domains, now);
    assert.equal(second.created, false);
    assert.equal(second.cert, first.cert);
    const more = await developmentCertificate(directory, [...domains, "example.net"], now);
    assert.equal(more.created, true);
    const end = Date.parse(new X509Certificate(more.cert).validTo);
    assert.equal((await developmentCertificate(directory, domains, end - 1_000)).created, true);
  });

  test("replaces what is no certificate, or not of the key", async () => {
    const directory = join(folder, "broken");
    const made = await developmentCertificate(directory, domains, now);
    rmSync(directory, { recursive: true });
    await developmentCertificate(directory, domains, now);
    writeFileSync(join(directory, "self-signed.crt"), made.cert);
    assert.equal((await developmentCertificate(directory, domains, now)).created, true);
    writeFileSync(join(directory, "self-signed.crt"), "nonsense");
    assert.equal((await developmentCertificate(directory, domains, now)).created, true);
  });
});

describe("certificate files", () => {
  function contextFor(certFile: string | undefined, keyFile: string | undefined) {
    const log: LogFields[] = [];
    const record = (fields: LogFields) => void log.push(fields);
    const logger = { ...silentLogger, info: record, error: record };
    const context = new TlsContext({ certFile, keyFile, dataDirectory: folder, domains, logger });
    return { context, log };
  }

  test("are read again when they change, and kept when the new ones are of no use", async () => {
    const first = await developmentCertificate(join(folder, "first"), ["example.org"], now);
    const second = await developmentCertificate(join(folder, "second"), ["example.net"], now);
    const certFile = join(folder, "server.crt");
    const keyFile = join(folder, "server.key");
    writeFileSync(certFile, first.cert);
    writeFileSync(keyFile, first.key);
    const { context, log } = contextFor(certFile, keyFile);
    await context.load(now);
    const loaded = context.current;
    await context.reload();
    assert.equal(context.current, loaded);

    writeFileSync(certFile, `${second.cert}\n`);
    await context.reload();
    assert.equal(context.current, loaded);
    assert.equal(log.at(-1)?.event, "tls.reload-failed");

    writeFileSync(keyFile, `${second.key}\n`);
    await context.reload();
    assert.notEqual(context.current, loaded);
    assert.equal(log.at(-1)?.event, "tls.reloaded");
  });

  test("that are missing or half given keep the service from starting", async () => {
    await assert.rejects(contextFor(join(folder, "no.crt"), join(folder, "no.key")).context.load(now));
    await assert.rejects(contextFor(join(folder, "no.crt"), undefined).context.load(now), /tls\.key/);
  });
});
