import type { X509Certificate } from "node:crypto";
import { domainToASCII } from "node:url";

/** What operators have to know of a certificate. Times are milliseconds since the epoch. */
export interface CertificateFacts {
  readonly subject: string;
  /** The DNS names and addresses that it is for. */
  readonly names: string[];
  /** Domains that it is not for. */
  readonly missing: string[];
  readonly notBefore: number;
  readonly notAfter: number;
  readonly selfSigned: boolean;
}

export function certificateFacts(certificate: X509Certificate, domains: readonly string[]): CertificateFacts {
  const names = (certificate.subjectAltName ?? "")
    .split(", ")
    .map((name) => name.replace(/^(DNS|IP Address):/, ""))
    .filter((name) => name !== "");
  return {
    subject: certificate.subject?.replaceAll("\n", ", ") ?? "",
    names,
    missing: domains.filter((domain) => {
      // Certificates have names in their ASCII form.
      const ascii = domainToASCII(domain) || domain;
      return !names.includes(ascii) && certificate.checkHost(ascii) === undefined;
    }),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    selfSigned: certificate.issuer === certificate.subject,
  };
}
