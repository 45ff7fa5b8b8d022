import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { domainToASCII } from "node:url";
import type { Check, Finding } from "@rollcall/contracts";
import type { ServerSettings } from "../server-access.ts";

const DAY_MS = 86_400_000;
const EXPIRY_WARNING_DAYS = 30;
const EXPIRY_ERROR_DAYS = 7;

/** The files of `tls.cert` and `tls.key`, as a server that starts now would find them. */
export function checkCertificateFiles({ loaded }: ServerSettings, now: number): Check {
  const { values } = loaded;
  const cert = values["tls.cert"];
  const key = values["tls.key"];
  const title = "the certificate can be used for all domains";
  if (cert === undefined && key === undefined) {
    return {
      check: "certificate-files",
      title: "no certificate is set: the server makes its own",
      findings: [],
    };
  }
  if (cert === undefined || key === undefined) {
    const message = "of tls.cert and tls.key one is set";
    return {
      check: "certificate-files",
      title,
      findings: [error(message, "they belong together: set both")],
    };
  }
  return {
    check: "certificate-files",
    title,
    findings: certificateFindings(cert, key, values.domains, now),
  };
}

function certificateFindings(
  certFile: string,
  keyFile: string,
  domains: readonly string[],
  now: number,
): Finding[] {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(readFileSync(certFile));
    if (!certificate.checkPrivateKey(createPrivateKey(readFileSync(keyFile)))) {
      return [
        error(
          `${keyFile} is not the key of the certificate in ${certFile}`,
          "set the two that were made together",
        ),
      ];
    }
  } catch (fault) {
    const { code, message } = fault as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "there is no such file" : (message.split("\n", 1)[0] ?? "");
    return [
      error(
        `tls.cert and tls.key cannot be used: ${reason}`,
        "both are PEM files that the user of the server can read; the certificate comes with its chain",
      ),
    ];
  }
  const findings: Finding[] = [];
  const days = Math.floor((Date.parse(certificate.validTo) - now) / DAY_MS);
  if (days < EXPIRY_WARNING_DAYS) {
    const severity = days < EXPIRY_ERROR_DAYS ? "error" : "warning";
    const message = days < 0 ? `${certFile} has expired` : `${certFile} expires in ${days} days`;
    const action = "renew it; a server that runs takes the new files within 30 s";
    findings.push({
      severity,
      code: days < 0 ? "certificate-expired" : "certificate-expires",
      message,
      action,
    });
  }
  if (Date.parse(certificate.validFrom) > now) {
    findings.push(
      error(`${certFile} is not valid yet`, "compare the clock of this machine with the certificate"),
    );
  }
  for (const domain of domains) {
    if (certificate.checkHost(domainToASCII(domain)) !== undefined) continue;
    findings.push(
      error(`${certFile} is not for ${domain}`, "get one that names every domain of the setting domains"),
    );
  }
  return findings;
}

function error(message: string, action: string): Finding {
  return { severity: "error", code: "certificate-files", message, action };
}
