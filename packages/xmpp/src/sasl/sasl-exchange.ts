import type { SaslMechanism } from "./mechanisms.ts";
import { plainExchange } from "./plain.ts";
import type { SaslOptions } from "./sasl-options.ts";
import {
  type CredentialAnswer,
  failed,
  type Receive,
  type SaslLookup,
  type SaslReply,
  type SaslStep,
  type Turn,
} from "./sasl-step.ts";
import { scramExchange } from "./scram.ts";
import type { DeriveKey } from "./scram-keys.ts";

/**
 * One attempt of a client to authenticate (RFC 6120, 6.4), from `auth` to success or failure. It does nothing by
 * itself: what it needs from outside it asks for by the step that it returns.
 *
 * Each message is used up: after success or failure, and while a lookup or a derivation is under way, `step`
 * answers `malformed-request`. To abort is to drop the exchange.
 */
export class SaslExchange {
  #receive: Receive | undefined;

  constructor(receive: Receive) {
    this.#receive = receive;
  }

  /**
   * Takes the client's next message, decoded from base64. Never throws, whatever the client sends.
   *
   * @param data `undefined` where an `auth` has no content, which is not the same as data of zero length.
   */
  step(data: Uint8Array | undefined): SaslStep {
    const receive = this.#receive;
    this.#receive = undefined;
    return receive === undefined ? failed("malformed-request") : this.#follow(receive(data));
  }

  #follow(turn: Turn): SaslStep {
    switch (turn.kind) {
      case "challenge":
        this.#receive = turn.receive;
        return { kind: "challenge", data: turn.data };
      case "lookup":
        return { ...turn, resume: (answer: CredentialAnswer) => this.#follow(turn.resume(answer)) };
      case "derive":
        return { ...turn, resume: (saltedPassword: Uint8Array) => this.#follow(turn.resume(saltedPassword)) };
      case "success":
      case "failure":
        return turn;
    }
  }
}

/** Begins the exchange that an `auth` with this mechanism asks for; its content goes to the first `step`. */
export function beginSasl(mechanism: SaslMechanism, options: SaslOptions): SaslExchange {
  switch (mechanism) {
    case "PLAIN":
      return new SaslExchange(plainExchange(options));
    case "SCRAM-SHA-1":
    case "SCRAM-SHA-256":
      return new SaslExchange(scramExchange(mechanism, false, options));
    case "SCRAM-SHA-1-PLUS":
      return new SaslExchange(scramExchange("SCRAM-SHA-1", true, options));
    case "SCRAM-SHA-256-PLUS":
      return new SaslExchange(scramExchange("SCRAM-SHA-256", true, options));
  }
}

/** What `settleSasl` performs. */
export interface SaslPerformer {
  lookup(question: Pick<SaslLookup, "username" | "mechanism">): Promise<CredentialAnswer>;
  readonly derive: DeriveKey;
}

/**
 * Performs what a step asks for until there is a reply to the client.
 * Rejects only if `lookup` or `derive` does; the exchange is void then.
 */
export async function settleSasl(step: SaslStep, performer: SaslPerformer): Promise<SaslReply> {
  let current = step;
  for (;;) {
    switch (current.kind) {
      case "lookup":
        current = current.resume(await performer.lookup(current));
        break;
      case "derive": {
        const { password, salt, iterations, hash } = current;
        current = current.resume(await performer.derive(password, salt, iterations, hash));
        break;
      }
      default:
        return current;
    }
  }
}
