import type { AccountStore } from "@rollcall/accounts";
import { randomText } from "@rollcall/runtime";
import { activeSpan, type Logger, withSpan } from "@rollcall/telemetry";
import {
  type BareJid,
  beginSasl,
  type CredentialAnswer,
  type DeriveKey,
  isSaslMechanism,
  type SaslExchange,
  type SaslReply,
  type ScramMechanism,
  saslMechanisms,
  settleSasl,
} from "@rollcall/xmpp";
import { DerivationBusyError } from "./bounded-derivation.ts";

export interface AuthenticatorOptions {
  readonly accounts: AccountStore;
  readonly logger: Logger;
  readonly derive: DeriveKey;
  readonly decoySecret: Uint8Array;
  readonly plain: boolean;
  /** Offers the -PLUS mechanisms where the stream has a channel binding. */
  readonly channelBinding: boolean;
  /** PBKDF2 iterations that unknown users seem to have: those of accounts made now. */
  readonly iterations: number;
}

const temporaryFailure: SaslReply = { kind: "failure", condition: "temporary-auth-failure" };

/** Runs SASL exchanges against the account store. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #bound: readonly string[];
  readonly #unbound: readonly string[];
  /** Known, but kept back by policy. */
  readonly withheld: readonly string[];

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#bound = saslMechanisms.filter((name) => options.plain || name !== "PLAIN");
    this.#unbound = this.#bound.filter((name) => !name.endsWith("-PLUS"));
    this.withheld = options.plain ? [] : ["PLAIN"];
  }

  /** What to offer, strongest first; the -PLUS mechanisms where the stream has a channel binding. */
  mechanisms(channelBinding: boolean): readonly string[] {
    return channelBinding && this.#options.channelBinding ? this.#bound : this.#unbound;
  }

  /** Begins an exchange with one of the `mechanisms`. */
  begin(mechanism: string, domain: string, channelBinding: Uint8Array | undefined): SaslExchange {
    if (!isSaslMechanism(mechanism)) throw new Error(`mechanism ${mechanism} was not offered`);
    return beginSasl(mechanism, {
      domain,
      serverNonce: randomText(18),
      unknownUsers: { secret: this.#options.decoySecret, iterations: this.#options.iterations },
      channelBindings: this.#options.channelBinding
        ? channelBinding && [{ type: "tls-exporter", data: channelBinding }]
        : undefined,
    });
  }

  /** The reply to the client's next message of the exchange. A fault of ours is a temporary failure. */
  async reply(exchange: SaslExchange, domain: string, data: Uint8Array | undefined): Promise<SaslReply> {
    const { derive, logger } = this.#options;
    const span = activeSpan();
    try {
      return await settleSasl(exchange.step(data), {
        lookup: ({ username, mechanism }) => this.#lookup(`${username}@${domain}` as BareJid, mechanism),
        derive,
      });
    } catch (error) {
      withSpan(span, () => {
        if (error instanceof DerivationBusyError) logger.warn({ event: "sasl.busy" });
        else logger.error({ event: "sasl.fault", error });
      });
      return temporaryFailure;
    }
  }

  async #lookup(jid: BareJid, mechanism: ScramMechanism): Promise<CredentialAnswer> {
    const span = activeSpan();
    try {
      const account = await this.#options.accounts.find(jid);
      if (account === undefined) return { kind: "unknown" };
      return {
        kind: "found",
        keys: account.scram[mechanism],
        refusal: account.disabled ? "account-disabled" : undefined,
      };
    } catch (error) {
      withSpan(span, () => this.#options.logger.warn({ event: "sasl.accounts-unavailable", error }));
      return { kind: "unavailable" };
    }
  }
}
