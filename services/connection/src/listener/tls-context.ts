import { X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext, type SecureContext } from "node:tls";
import { SettingFault } from "@rollcall/runtime";
import type { Logger } from "@rollcall/telemetry";
import { developmentCertificate, type KeyPair } from "./development-certificate.ts";

export interface TlsContextOptions {
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly dataDirectory: string;
  readonly domains: readonly string[];
  readonly logger: Logger;
}

/** Forward secrecy and authenticated encryption only (BCP 195; RFC 7590, section 3). */
const CIPHERS = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

function secureContext(pair: KeyPair): SecureContext {
  return createSecureContext({
    ...pair,
    minVersion: "TLSv1.2",
    ciphers: CIPHERS,
    honorCipherOrder: true,
  });
}

/**
 * The certificate that new TLS connections get. Files are read again when they change; those that cannot be used
 * are logged, and the certificate before stays.
 */
export class TlsContext {
  readonly #options: TlsContextOptions;
  #current: SecureContext | undefined;
  #certificate: X509Certificate | undefined;
  #stamp = "";
  #checking = false;

  constructor(options: TlsContextOptions) {
    this.#options = options;
  }

  /** @throws {Error} before `load`. */
  get current(): SecureContext {
    if (this.#current === undefined) throw new Error("no certificate is loaded");
    return this.#current;
  }

  /** What clients are shown; `undefined` before `load`. */
  get certificate(): X509Certificate | undefined {
    return this.#certificate;
  }

  /** When it ends. Milliseconds since the epoch; 0 before `load`. */
  get expiresAt(): number {
    return this.#certificate === undefined ? 0 : Date.parse(this.#certificate.validTo);
  }

  /** Reads the certificate for the first time. @throws {SettingFault} when it cannot be used. */
  async load(now: number): Promise<void> {
    const { certFile, keyFile, dataDirectory, domains, logger } = this.#options;
    if ((certFile === undefined) !== (keyFile === undefined)) {
      throw new SettingFault("tls.cert and tls.key belong together: one of them is missing");
    }
    if (certFile !== undefined && keyFile !== undefined) {
      this.#stamp = await readable(() => stampOf(certFile, keyFile));
      const pair = await readable(() => readPair(certFile, keyFile));
      this.#current = usable(pair, certFile, keyFile);
      this.#certificate = new X509Certificate(pair.cert);
      return;
    }
    const pair = await developmentCertificate(dataDirectory, domains, now);
    this.#current = secureContext(pair);
    this.#certificate = new X509Certificate(pair.cert);
    logger.warn({ event: "tls.self-signed", directory: dataDirectory, created: pair.created });
  }

  /** Takes over files that changed since they were read. Never fails. */
  async reload(): Promise<void> {
    const { certFile, keyFile, logger } = this.#options;
    if (certFile === undefined || keyFile === undefined || this.#checking) return;
    this.#checking = true;
    try {
      const stamp = await stampOf(certFile, keyFile);
      if (stamp !== this.#stamp) {
        const pair = await readPair(certFile, keyFile);
        this.#current = secureContext(pair);
        this.#certificate = new X509Certificate(pair.cert);
        this.#stamp = stamp;
        logger.info({ event: "tls.reloaded", file: certFile });
      }
    } catch (error) {
      // Half-written files are whole at one of the next looks.
      logger.error({ event: "tls.reload-failed", file: certFile, error });
    } finally {
      this.#checking = false;
    }
  }
}

/** @throws {SettingFault} with the file that cannot be read. */
async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "there is no such file" : `cannot be read (${code})`;
    throw new SettingFault(`tls.cert, tls.key: ${path}: ${reason}`, { cause: error });
  }
}

/** @throws {SettingFault} when the files are no certificate and its key. */
function usable(pair: KeyPair, certFile: string, keyFile: string): SecureContext {
  try {
    return secureContext(pair);
  } catch (cause) {
    throw new SettingFault(`tls.cert, tls.key: ${certFile} and ${keyFile} are no certificate and its key`, {
      cause,
    });
  }
}

async function readPair(certFile: string, keyFile: string): Promise<KeyPair> {
  return { cert: await readFile(certFile, "utf8"), key: await readFile(keyFile, "utf8") };
}

/** Changes whenever one of the files does. */
async function stampOf(...files: readonly string[]): Promise<string> {
  const stats = await Promise.all(files.map((file) => stat(file)));
  return stats.map((each) => `${each.ino}:${each.size}:${each.mtimeMs}`).join(" ");
}
