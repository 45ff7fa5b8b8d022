import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { certificateFacts } from "./certificate-facts.ts";
import { developmentCertificate } from "./development-certificate.ts";

test("a certificate tells its names, its time, who signed it, and for which domains it is not", async () => {
  const directory = await mkdtemp(join(tmpdir(), "rollcall-certificate-"));
  after(() => rm(directory, { recursive: true }));
  const now = Date.UTC(2030, 0, 1);
  const { cert } = await developmentCertificate(directory, ["example.org", "bücher.example"], now);
  const facts = certificateFacts(new X509Certificate(cert), ["example.org", "bücher.example", "example.net"]);
  assert.deepEqual([facts.missing, facts.selfSigned], [["example.net"], true]);
  assert.ok(facts.names.includes("example.org"));
  assert.ok(facts.notBefore <= now && facts.notAfter > now);
});
