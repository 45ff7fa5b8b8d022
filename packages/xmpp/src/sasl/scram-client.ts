import { Buffer } from "node:buffer";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import type { ChannelBinding } from "./channel-binding.ts";
import { type ScramMechanism, scramHashes } from "./mechanisms.ts";
import { hmac, type ScramClientKeys, xor } from "./scram-keys.ts";
import { encodeSaslname } from "./scram-messages.ts";
import { decodeUtf8 } from "./utf8.ts";

/**
 * The client's side of SCRAM (RFC 5802), for test clients and load generators. Between `readServerFirst` and
 * `scramClientFinal` the caller makes keys with `saltPassword` and `scramClientKeys`, or takes those it kept for the
 * same salt and iteration count.
 */

/** The server's message is not what the protocol has here. */
export class ScramClientError extends Error {
  override readonly name = "ScramClientError";
  readonly code = "scram-protocol";
  readonly retryable = false;
}

export interface ScramClientOptions {
  /** Prepared (`prepareLocal`). */
  readonly username: string;
  /** Fresh for every attempt: printable ASCII without comma. */
  readonly nonce: string;
  readonly authzid?: string | undefined;
  /** For a -PLUS mechanism; or `"server-lacks"` where the client could bind but the server offers no -PLUS. */
  readonly channelBinding?: ChannelBinding | "server-lacks" | undefined;
}

export interface ScramClientFirst {
  /** The initial response. */
  readonly message: Uint8Array;
  readonly nonce: string;
  readonly bare: string;
  /** The value of `c=`. */
  readonly channelBinding: string;
}

/** What the server asks the client to salt its password with. */
export interface ScramServerFirst {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly nonce: string;
  /** As received. */
  readonly message: string;
}

export interface ScramClientFinal {
  /** The response. */
  readonly message: Uint8Array;
  /** What the additional data of success must be; anything else comes from somebody who does not know the keys. */
  readonly expected: Uint8Array;
}

export function scramClientFirst(options: ScramClientOptions): ScramClientFirst {
  const { channelBinding, nonce, authzid } = options;
  const bound = typeof channelBinding === "object" ? channelBinding : undefined;
  const flag = bound === undefined ? (channelBinding === undefined ? "n" : "y") : `p=${bound.type}`;
  const gs2Header = `${flag},${authzid === undefined ? "" : `a=${encodeSaslname(authzid)}`},`;
  const bare = `n=${encodeSaslname(options.username)},r=${nonce}`;
  return {
    message: Buffer.from(gs2Header + bare),
    nonce,
    bare,
    channelBinding: encodeBase64(Buffer.concat([Buffer.from(gs2Header), bound?.data ?? Buffer.alloc(0)])),
  };
}

const serverFirst =
  /^r=(?<nonce>[!-+\--~]+),s=(?<salt>[A-Za-z0-9+/=]+),i=(?<iterations>[1-9][0-9]{0,8})(?:,[A-Za-z]=[^,\0]+)*$/;

/** Reads the challenge. @throws {ScramClientError} */
export function readServerFirst(first: ScramClientFirst, data: Uint8Array): ScramServerFirst {
  const message = decodeUtf8(data) ?? "";
  const groups = serverFirst.exec(message)?.groups;
  const salt = groups === undefined ? undefined : decodeBase64(groups.salt!);
  if (groups === undefined || salt === undefined)
    throw new ScramClientError("malformed server-first-message");
  const nonce = groups.nonce!;
  if (!nonce.startsWith(first.nonce) || nonce.length === first.nonce.length) {
    throw new ScramClientError("the server did not extend the nonce");
  }
  return { salt, iterations: Number(groups.iterations), nonce, message };
}

/** Makes the response that proves that the client has the keys. */
export function scramClientFinal(
  mechanism: ScramMechanism,
  first: ScramClientFirst,
  server: ScramServerFirst,
  keys: ScramClientKeys,
): ScramClientFinal {
  const hash = scramHashes[mechanism];
  const withoutProof = `c=${first.channelBinding},r=${server.nonce}`;
  const authMessage = `${first.bare},${server.message},${withoutProof}`;
  const proof = xor(keys.clientKey, hmac(hash, keys.storedKey, authMessage));
  const signature = hmac(hash, keys.serverKey, authMessage);
  return {
    message: Buffer.from(`${withoutProof},p=${encodeBase64(proof)}`),
    expected: Buffer.from(`v=${encodeBase64(signature)}`),
  };
}
