import { Buffer } from "node:buffer";
import { timingSafeEqual } from "node:crypto";
import { prepareLocal } from "../jid.ts";
import { authorize } from "./authorize.ts";
import { encodeBase64 } from "./base64.ts";
import type { ChannelBinding } from "./channel-binding.ts";
import { type ScramMechanism, scramHashes } from "./mechanisms.ts";
import type { SaslOptions } from "./sasl-options.ts";
import { type CredentialAnswer, clientSpeaksFirst, failed, type Receive, type Turn } from "./sasl-step.ts";
import { decodeScramKeys, hashOf, hmac, type ScramSecrets, xor } from "./scram-keys.ts";
import { type BindingFlag, type ClientFirst, parseClientFinal, parseClientFirst } from "./scram-messages.ts";
import { unknownUserSecrets } from "./unknown-user.ts";

/**
 * The server's side of SCRAM (RFC 5802, RFC 7677).
 *
 *   client-first ─▶ lookup ─▶ server-first (challenge) ─▶ client-final ─▶ success with the server's signature
 *
 * A client that names an unknown user sees what one with a wrong password sees, and costs as much.
 */

/** The data that `c=` must end with; `undefined` where the flag does not suit (RFC 5802, section 6). */
function bindingData(
  flag: BindingFlag,
  plus: boolean,
  offered: readonly ChannelBinding[],
): Uint8Array | undefined {
  switch (flag.kind) {
    case "n":
      return plus ? undefined : Buffer.alloc(0);
    case "y": // The client was told that there is no channel binding. If there is, somebody in between lied.
      return plus || offered.length > 0 ? undefined : Buffer.alloc(0);
    case "p":
      return plus ? offered.find(({ type }) => type === flag.type)?.data : undefined;
  }
}

/** @param plus the mechanism was called by its name with `-PLUS`. */
export function scramExchange(mechanism: ScramMechanism, plus: boolean, options: SaslOptions): Receive {
  const hash = scramHashes[mechanism];

  return clientSpeaksFirst((data) => {
    const first = parseClientFirst(data);
    if (first === undefined) return failed("malformed-request");
    const binding = bindingData(first.binding, plus, options.channelBindings ?? []);
    const username = prepareLocal(first.username);
    if (binding === undefined || username === undefined) return failed("not-authorized");
    const expectedBinding = encodeBase64(Buffer.concat([Buffer.from(first.gs2Header), binding]));
    return {
      kind: "lookup",
      username,
      mechanism,
      resume: (answer) => challenge(first, username, expectedBinding, answer),
    };
  });

  function challenge(
    first: ClientFirst,
    username: string,
    expectedBinding: string,
    answer: CredentialAnswer,
  ): Turn {
    if (answer.kind === "unavailable") return failed("temporary-auth-failure");
    // Computed for known users too, so that both take the same time.
    const unknown = unknownUserSecrets(mechanism, username, options.domain, options.unknownUsers);
    const secrets = answer.kind === "found" ? decodeScramKeys(mechanism, answer.keys) : unknown;
    if (secrets === undefined) return failed("temporary-auth-failure");

    const nonce = first.nonce + options.serverNonce;
    const serverFirst = `r=${nonce},s=${encodeBase64(secrets.salt)},i=${secrets.iterations}`;
    return {
      kind: "challenge",
      data: Buffer.from(serverFirst),
      receive: (data) => {
        const final = parseClientFinal(data ?? Buffer.alloc(0));
        if (final === undefined) return failed("malformed-request");
        if (final.channelBinding !== expectedBinding || final.nonce !== nonce)
          return failed("not-authorized");
        const authMessage = `${first.bare},${serverFirst},${final.withoutProof}`;
        const proven = proves(final.proof, secrets, authMessage);
        if (answer.kind !== "found" || !proven) return failed("not-authorized");
        if (answer.refusal !== undefined) return failed(answer.refusal);
        const authzid = authorize(username, options.domain, first.authzid);
        if (authzid === undefined) return failed("invalid-authzid");
        const signature = hmac(hash, secrets.serverKey, authMessage);
        return { kind: "success", username, authzid, data: Buffer.from(`v=${encodeBase64(signature)}`) };
      },
    };
  }

  /** Recovers the ClientKey from the proof and compares its hash with the StoredKey (RFC 5802, section 3). */
  function proves(proof: Uint8Array, { storedKey }: ScramSecrets, authMessage: string): boolean {
    if (proof.length !== hash.bytes) return false;
    const clientKey = xor(proof, hmac(hash, storedKey, authMessage));
    return timingSafeEqual(hashOf(hash, clientKey), storedKey);
  }
}
