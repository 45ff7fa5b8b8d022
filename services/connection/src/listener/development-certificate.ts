import "reflect-metadata";
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { domainToASCII } from "node:url";
import * as x509 from "@peculiar/x509";

/** Certificate and private key in PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

const VALID_DAYS = 3_650;
const DAY_MS = 86_400_000;
const RENEW_BEFORE_MS = 30 * DAY_MS;
/** How long another process that makes the certificate at the same time is waited for. */
const OTHERS_MS = 3_000;
const LOOK_AGAIN_MS = 20;

/**
 * The self-made certificate of a server that was given none: made once, kept in `directory`, so that clients which
 * have pinned it go on after a restart. Made anew when it does not name all the domains, or ends within a month. Of
 * processes that start together on one empty directory one makes it for all.
 */
export async function developmentCertificate(
  directory: string,
  domains: readonly string[],
  now: number,
): Promise<KeyPair & { readonly created: boolean }> {
  const certFile = join(directory, "self-signed.crt");
  const keyFile = join(directory, "self-signed.key");
  const names = certifiedNames(domains);
  const kept = await readPair(certFile, keyFile);
  if (kept !== undefined && isUsable(kept, names, now)) return { ...kept, created: false };

  const made = await selfSigned(names, now);
  await mkdir(directory, { recursive: true });
  if (kept !== undefined) await writeFresh(keyFile, made.key, 0o600);
  else if (!(await claim(keyFile, made.key, 0o600))) {
    const others = await madeByOthers(certFile, keyFile, names, now);
    if (others !== undefined) return { ...others, created: false };
    // Whoever had begun is dead.
    await writeFresh(keyFile, made.key, 0o600);
  }
  await writeFresh(certFile, made.cert, 0o644);
  return { ...made, created: true };
}

async function madeByOthers(
  certFile: string,
  keyFile: string,
  names: readonly string[],
  now: number,
): Promise<KeyPair | undefined> {
  for (let waited = 0; waited < OTHERS_MS; waited += LOOK_AGAIN_MS) {
    const pair = await readPair(certFile, keyFile);
    if (pair !== undefined && isUsable(pair, names, now)) return pair;
    await pause(LOOK_AGAIN_MS);
  }
  return undefined;
}

/** The domains as DNS names (A-labels) or IP addresses, and localhost for clients on the same machine. */
function certifiedNames(domains: readonly string[]): string[] {
  const names = domains.map((domain) => {
    const address = domain.replace(/^\[(.*)\]$/, "$1");
    return isIP(address) === 0 ? domainToASCII(domain) : address;
  });
  return [...new Set([...names.filter((name) => name !== ""), "localhost"])];
}

async function readPair(certFile: string, keyFile: string): Promise<KeyPair | undefined> {
  try {
    return { cert: await readFile(certFile, "utf8"), key: await readFile(keyFile, "utf8") };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function isUsable(pair: KeyPair, names: readonly string[], now: number): boolean {
  try {
    const certificate = new x509.X509Certificate(pair.cert);
    // After a crash between the two writes they are not of one pair.
    if (!new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key))) return false;
    const alternative = certificate.getExtension(x509.SubjectAlternativeNameExtension);
    const named = new Set(alternative?.names.items.map((name) => name.value));
    return certificate.notAfter.getTime() - now > RENEW_BEFORE_MS && names.every((name) => named.has(name));
  } catch {
    // What cannot be read as a certificate is replaced by one.
    return false;
  }
}

async function selfSigned(names: readonly string[], now: number): Promise<KeyPair> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      // A positive serial number of 127 bits at most (RFC 5280, 4.1.2.2).
      serialNumber: `4${randomBytes(16).toString("hex").slice(1)}`,
      name: `CN=${names[0]}`,
      notBefore: new Date(now - DAY_MS),
      notAfter: new Date(now + VALID_DAYS * DAY_MS),
      signingAlgorithm: algorithm,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value })),
        ),
      ],
    },
    webcrypto,
  );
  const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    cert: `${certificate.toString("pem")}\n`,
    key: `${x509.PemConverter.encode(key, "PRIVATE KEY")}\n`,
  };
}

/** Makes the file where there is none. @returns whether it was made. */
async function claim(file: string, content: string, mode: number): Promise<boolean> {
  const draft = `${file}.${randomBytes(4).toString("hex")}`;
  await writeFile(draft, content, { mode, flag: "wx" });
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft);
  }
}

/** Never leaves half a file, nor one with other rights for a moment. */
async function writeFresh(file: string, content: string, mode: number): Promise<void> {
  const draft = `${file}.${randomBytes(4).toString("hex")}`;
  await writeFile(draft, content, { mode, flag: "wx" });
  await rename(draft, file);
}
