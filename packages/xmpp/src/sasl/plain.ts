import { timingSafeEqual } from "node:crypto";
import { prepareLocal } from "../jid.ts";
import { prepareOpaque } from "../precis/opaque-string.ts";
import { authorize } from "./authorize.ts";
import { type ScramMechanism, scramHashes } from "./mechanisms.ts";
import type { SaslOptions } from "./sasl-options.ts";
import { type CredentialAnswer, clientSpeaksFirst, failed, type Receive, type Turn } from "./sasl-step.ts";
import { decodeScramKeys, scramClientKeys } from "./scram-keys.ts";
import { unknownUserSecrets } from "./unknown-user.ts";
import { decodeUtf8 } from "./utf8.ts";

/** The message of PLAIN (RFC 4616), as received. */
export interface PlainMessage {
  /** `undefined` where the client names nobody. */
  readonly authzid: string | undefined;
  readonly username: string;
  readonly password: string;
}

/** @returns `undefined` where the message breaks the syntax: `[authzid] NUL authcid NUL passwd` in UTF-8. */
export function parsePlain(data: Uint8Array): PlainMessage | undefined {
  const [authzid, username, password, ...rest] = decodeUtf8(data)?.split("\0", 4) ?? [];
  if (authzid === undefined || !username || !password || rest.length > 0) return undefined;
  return { authzid: authzid === "" ? undefined : authzid, username, password };
}

/** Of an account's keys, those that a password is compared with. */
const mechanism: ScramMechanism = "SCRAM-SHA-256";

/**
 * The server's side of PLAIN: the password is salted as the stored one was, and the keys are compared.
 * For an unknown user the same work is done.
 */
export function plainExchange(options: SaslOptions): Receive {
  return clientSpeaksFirst((data) => {
    const message = parsePlain(data);
    if (message === undefined) return failed("malformed-request");
    const username = prepareLocal(message.username);
    const password = prepareOpaque(message.password);
    if (username === undefined || password === undefined) return failed("not-authorized");
    return {
      kind: "lookup",
      username,
      mechanism,
      resume: (answer) => verify(username, password, message.authzid, answer),
    };
  });

  function verify(
    username: string,
    password: string,
    wanted: string | undefined,
    answer: CredentialAnswer,
  ): Turn {
    if (answer.kind === "unavailable") return failed("temporary-auth-failure");
    const unknown = unknownUserSecrets(mechanism, username, options.domain, options.unknownUsers);
    const secrets = answer.kind === "found" ? decodeScramKeys(mechanism, answer.keys) : unknown;
    if (secrets === undefined) return failed("temporary-auth-failure");
    const { salt, iterations, storedKey } = secrets;
    return {
      kind: "derive",
      password,
      salt,
      iterations,
      hash: scramHashes[mechanism],
      resume: (saltedPassword) => {
        const matches = timingSafeEqual(scramClientKeys(mechanism, saltedPassword).storedKey, storedKey);
        if (answer.kind !== "found" || !matches) return failed("not-authorized");
        if (answer.refusal !== undefined) return failed(answer.refusal);
        const authzid = authorize(username, options.domain, wanted);
        if (authzid === undefined) return failed("invalid-authzid");
        return { kind: "success", username, authzid, data: undefined };
      },
    };
  }
}
