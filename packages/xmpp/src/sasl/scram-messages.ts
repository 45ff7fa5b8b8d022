import { decodeBase64 } from "./base64.ts";
import { decodeUtf8 } from "./utf8.ts";

/** The messages of a SCRAM client as a server reads them (RFC 5802, sections 5.1 and 7). */

/** Whether and how the client wants channel binding: no; yes, but it believes that the server cannot; yes. */
export type BindingFlag = { readonly kind: "n" | "y" } | { readonly kind: "p"; readonly type: string };

export interface ClientFirst {
  /** As received, with its two commas. */
  readonly gs2Header: string;
  readonly binding: BindingFlag;
  readonly authzid: string | undefined;
  readonly username: string;
  readonly nonce: string;
  /** client-first-message-bare, as received. */
  readonly bare: string;
}

export interface ClientFinal {
  /** Base64, as received. */
  readonly channelBinding: string;
  readonly nonce: string;
  readonly proof: Uint8Array;
  /** client-final-message-without-proof, as received. */
  readonly withoutProof: string;
}

/** Printable ASCII without the comma. */
const printable = "[!-+\\--~]+";
const value = "[^,\\0]+";
/** `=` occurs only where it stands for itself or for the comma. */
const saslname = "(?:[^,=\\0]|=2C|=3D)+";
const extensions = `(?:,[A-Za-z]=${value})*`;
const clientFirst = new RegExp(
  `^(?<gs2Header>(?:(?<flag>[ny])|p=(?<type>[A-Za-z0-9.-]+)),(?:a=(?<authzid>${saslname}))?,)` +
    `(?<bare>n=(?<username>${saslname}),r=(?<nonce>${printable})(?<extensions>${extensions}))$`,
);
const clientFinal = new RegExp(
  `^(?<withoutProof>c=(?<channelBinding>[A-Za-z0-9+/=]+),r=(?<nonce>${printable})(?<extensions>${extensions}))` +
    ",p=(?<proof>[A-Za-z0-9+/=]+)$",
);
/** A mandatory extension: this side knows none, so the exchange fails. */
const mandatoryExtension = ",m=";

function decodeSaslname(text: string): string {
  return text.replaceAll("=2C", ",").replaceAll("=3D", "=");
}

/** The other direction; `name` is not empty. */
export function encodeSaslname(name: string): string {
  return name.replaceAll("=", "=3D").replaceAll(",", "=2C");
}

/** @returns `undefined` where the message breaks the syntax or demands an extension. */
export function parseClientFirst(data: Uint8Array): ClientFirst | undefined {
  const groups = clientFirst.exec(decodeUtf8(data) ?? "")?.groups;
  if (groups === undefined || groups.extensions!.includes(mandatoryExtension)) return undefined;
  return {
    gs2Header: groups.gs2Header!,
    binding:
      groups.type === undefined ? { kind: groups.flag as "n" | "y" } : { kind: "p", type: groups.type },
    authzid: groups.authzid === undefined ? undefined : decodeSaslname(groups.authzid),
    username: decodeSaslname(groups.username!),
    nonce: groups.nonce!,
    bare: groups.bare!,
  };
}

/** @returns `undefined` where the message breaks the syntax or demands an extension. */
export function parseClientFinal(data: Uint8Array): ClientFinal | undefined {
  const groups = clientFinal.exec(decodeUtf8(data) ?? "")?.groups;
  if (groups === undefined || groups.extensions!.includes(mandatoryExtension)) return undefined;
  const proof = decodeBase64(groups.proof!);
  if (proof === undefined) return undefined;
  return {
    channelBinding: groups.channelBinding!,
    nonce: groups.nonce!,
    proof,
    withoutProof: groups.withoutProof!,
  };
}
