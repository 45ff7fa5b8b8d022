import type { BareJid } from "../jid.ts";
import type { ScramHash, ScramMechanism } from "./mechanisms.ts";
import type { SaslCondition } from "./sasl-condition.ts";
import type { ScramKeys } from "./scram-keys.ts";

/** What is known of the account that wants to log in. */
export type CredentialAnswer =
  | {
      readonly kind: "found";
      readonly keys: ScramKeys;
      /** Told to whoever proves to know the password, and to nobody else. */
      readonly refusal?: "account-disabled" | "credentials-expired" | undefined;
    }
  | { readonly kind: "unknown" }
  /** The store did not answer: `temporary-auth-failure`. */
  | { readonly kind: "unavailable" };

/** What the client is told. */
export type SaslReply =
  | { readonly kind: "challenge"; readonly data: Uint8Array }
  | {
      readonly kind: "success";
      /** The localpart of the account, in canonical form. */
      readonly username: string;
      /** Whom the client may act as: the account, whether it asked for that or for nobody. */
      readonly authzid: BareJid;
      /** Additional data; `undefined` where the mechanism has none. */
      readonly data: Uint8Array | undefined;
    }
  | { readonly kind: "failure"; readonly condition: SaslCondition };

/** What an exchange has to know before it can reply: one question to the account store. */
export interface SaslLookup<Next = SaslStep> {
  readonly kind: "lookup";
  /** The localpart of the account, in canonical form. */
  readonly username: string;
  /** Which of the account's keys are asked for. */
  readonly mechanism: ScramMechanism;
  readonly resume: (answer: CredentialAnswer) => Next;
}

/** What an exchange has to know before it can reply: the result of `DeriveKey`. */
export interface SaslDerivation<Next = SaslStep> {
  readonly kind: "derive";
  readonly password: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly hash: ScramHash;
  readonly resume: (saltedPassword: Uint8Array) => Next;
}

export type SaslStep = SaslReply | SaslLookup | SaslDerivation;

/** Takes the client's next message; `undefined` is an `auth` without initial response. */
export type Receive = (data: Uint8Array | undefined) => Turn;

/** A `SaslStep` as a mechanism gives it: with a challenge goes what receives the response to it. */
export type Turn =
  | { readonly kind: "challenge"; readonly data: Uint8Array; readonly receive: Receive }
  | Exclude<SaslReply, { kind: "challenge" }>
  | SaslLookup<Turn>
  | SaslDerivation<Turn>;

export function failed(condition: SaslCondition): Extract<SaslReply, { kind: "failure" }> {
  return { kind: "failure", condition };
}

const nothing = new Uint8Array(0);

/**
 * A mechanism in which the client speaks first. A client that sends no initial response is asked for it by an
 * empty challenge (RFC 6120, 6.3.10).
 */
export function clientSpeaksFirst(receive: (data: Uint8Array) => Turn): Receive {
  return (data) =>
    data === undefined
      ? { kind: "challenge", data: nothing, receive: (response) => receive(response ?? nothing) }
      : receive(data);
}
