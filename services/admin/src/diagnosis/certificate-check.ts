/** What can be wrong with the certificates that clients see. */
import type { Finding } from "@rollcall/contracts";
import { answered, asOne, type ClusterCheck, found, listed, type Said } from "./found.ts";

const DAY_MS = 86_400_000;
const EXPIRY_WARNING_DAYS = 30;
const EXPIRY_ERROR_DAYS = 7;

export const certificateCheck: ClusterCheck = {
  check: "certificate",
  applies: ({ certificate }) => certificate !== undefined,
  title: "the certificates that clients see are valid, and for all domains",
  find: (facts) =>
    asOne(
      answered(facts).flatMap(({ id, status: { certificate } }): Said[] => {
        if (certificate === undefined) return [];
        const { missing, notAfter, notBefore, selfSigned } = certificate;
        const findings: Finding[] = [];
        const days = Math.floor((notAfter - facts.at) / DAY_MS);
        const renew = "renew it; new files at tls.cert and tls.key are in use within 30 s, without a restart";
        if (notAfter <= facts.at) {
          findings.push(found("error", "certificate-expired", `the certificate of % has expired`, renew));
        } else if (days < EXPIRY_WARNING_DAYS) {
          const severity = days < EXPIRY_ERROR_DAYS ? "error" : "warning";
          const message = `the certificate of % expires in ${days} days`;
          findings.push(found(severity, "certificate-expires", message, renew));
        }
        if (notBefore > facts.at) {
          findings.push(
            found(
              "error",
              "certificate-not-yet-valid",
              `the certificate of % is not valid yet`,
              "compare the clock of the machine with the certificate",
            ),
          );
        }
        if (missing.length > 0) {
          findings.push(
            found(
              "error",
              "certificate-names",
              `the certificate of % is not for ${listed(missing)}`,
              "get one that names every domain of the setting domains",
            ),
          );
        }
        if (selfSigned) {
          findings.push(
            found(
              "warning",
              "certificate-self-signed",
              `the certificate of % is signed by itself`,
              "clients refuse it unless they were told to trust it: set tls.cert and tls.key",
            ),
          );
        }
        return findings.map((finding) => [id, finding]);
      }),
    ),
};
