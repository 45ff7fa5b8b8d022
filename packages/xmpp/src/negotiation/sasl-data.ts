import { decodeBase64, encodeBase64 } from "../sasl/base64.ts";

/** The content of a SASL element as bytes (RFC 6120, 6.4.2): "=" is data of zero length, nothing is no data. */
export function decodeSaslData(text: string): Uint8Array | "none" | "incorrect-encoding" {
  if (text === "") return "none";
  if (text === "=") return new Uint8Array(0);
  return decodeBase64(text) ?? "incorrect-encoding";
}

/** The other direction; zero length is "=" (RFC 6120, 6.4.6). */
export function encodeSaslData(data: Uint8Array): string {
  return data.length === 0 ? "=" : encodeBase64(data);
}
