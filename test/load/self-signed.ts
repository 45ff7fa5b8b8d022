import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** A P-256 certificate for a peer server of the bench, made with the openssl that its Debian package depends on. */
export async function selfSignedCertificate(
  folder: string,
  domain: string,
): Promise<{ cert: string; key: string }> {
  const cert = join(folder, "cert.pem");
  const key = join(folder, "key.pem");
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2",
      "-subj",
      `/CN=${domain}`,
      "-addext",
      `subjectAltName=DNS:${domain}`,
      "-keyout",
      key,
      "-out",
      cert,
    ],
    { stdio: "ignore" },
  );
  return { cert, key };
}
