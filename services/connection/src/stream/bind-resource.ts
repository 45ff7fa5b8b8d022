import { randomUUID } from "node:crypto";
import type { Bus } from "@rollcall/bus";
import { channels, type SessionRef } from "@rollcall/contracts";
import type { Clock } from "@rollcall/runtime";
import { activeSpan, type Logger, withSpan } from "@rollcall/telemetry";
import { type BareJid, type FullJid, makeFull, type StanzaErrorCondition } from "@rollcall/xmpp";
import { refusalCondition } from "../bounce.ts";

export interface ResourceBinderOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timeoutMs: number;
}

export type Binding =
  | { readonly kind: "bound"; readonly jid: FullJid }
  /** `maybeBound`: the owner did not answer, and may have bound the resource all the same. */
  | { readonly kind: "refused"; readonly condition: StanzaErrorCondition; readonly maybeBound: boolean };

/** Claims full JIDs for sessions (RFC 6120, 7). The presence owner of the account resolves conflicts. */
export class ResourceBinder {
  readonly #options: ResourceBinderOptions;

  constructor(options: ResourceBinderOptions) {
    this.#options = options;
  }

  /** Never fails: a fault of the bus is a refusal. */
  async bind(account: BareJid, session: SessionRef, requested: string | undefined): Promise<Binding> {
    const { bus, clock, logger, timeoutMs } = this.#options;
    const span = activeSpan();
    try {
      const answer = await bus.request(
        channels.bind,
        account,
        { account, session, requested, generated: randomUUID(), at: clock.now() },
        timeoutMs,
      );
      if (answer.kind === "refused")
        return { kind: "refused", condition: answer.condition, maybeBound: false };
      return { kind: "bound", jid: makeFull(account, answer.resource) };
    } catch (error) {
      withSpan(span, () => logger.warn({ event: "bind.failed", account, error }));
      return { kind: "refused", condition: refusalCondition(error), maybeBound: true };
    }
  }
}
