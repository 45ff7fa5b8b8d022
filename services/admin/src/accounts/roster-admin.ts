import type { AccountStore } from "@rollcall/accounts";
import type { Bus } from "@rollcall/bus";
import {
  type ContactRecord,
  channels,
  type RosterAdminAnswer,
  type RosterAdminQuestion,
} from "@rollcall/contracts";
import type { BareJid } from "@rollcall/xmpp";
import { KeyedLock } from "../keyed-lock.ts";
import type { Refusal } from "../refusal.ts";
import { noAccount } from "./account-admin.ts";

export interface RosterAdminDeps {
  readonly accounts: AccountStore;
  readonly bus: Pick<Bus, "request">;
}

type Answer<K extends RosterAdminAnswer["kind"]> = Extract<RosterAdminAnswer, { kind: K }>;

/** Milliseconds for an owner that has to read, or to write a roster of thousands. */
const answerTimeoutMs = 10_000;

/** Rosters as operators see them. Each question goes to the roster owner of the account, who alone writes. */
export class RosterAdmin {
  readonly #deps: RosterAdminDeps;
  readonly #lock = new KeyedLock();

  constructor(deps: RosterAdminDeps) {
    this.#deps = deps;
  }

  async show(jid: BareJid): Promise<Answer<"roster"> | Refusal> {
    return (await this.#refuseUnknown(jid)) ?? this.#ask(jid, { kind: "show" }, "roster");
  }

  /** For an account that is known to exist. */
  showKnown(jid: BareJid): Promise<Answer<"roster"> | Refusal> {
    return this.#ask(jid, { kind: "show" }, "roster");
  }

  /** Imports into one roster happen in the order of the calls. */
  import(
    jid: BareJid,
    contacts: Readonly<Record<string, ContactRecord>>,
  ): Promise<Answer<"imported"> | Refusal> {
    return this.#lock.run(
      jid,
      async () =>
        (await this.#refuseUnknown(jid)) ?? this.#ask(jid, { kind: "import", contacts }, "imported"),
    );
  }

  async refresh(jid: BareJid): Promise<Answer<"refreshed"> | Refusal> {
    return (await this.#refuseUnknown(jid)) ?? this.#ask(jid, { kind: "refresh" }, "refreshed");
  }

  async #refuseUnknown(jid: BareJid): Promise<Refusal | undefined> {
    const { accounts } = this.#deps;
    if (await accounts.exists(jid)) return undefined;
    // `exists` may be behind by seconds, and an account that was just made is what an import is about.
    return (await accounts.find(jid)) === undefined ? noAccount(jid) : undefined;
  }

  async #ask<K extends RosterAdminAnswer["kind"]>(
    jid: BareJid,
    question: RosterAdminQuestion,
    expected: K,
  ): Promise<Answer<K> | Refusal> {
    const answer = await this.#deps.bus.request(channels.rosterAdmin, jid, question, answerTimeoutMs);
    if (answer.kind === "refused") return { kind: "refused", reason: "refused", message: answer.reason };
    if (answer.kind !== expected) {
      throw new Error(`the roster owner answered ${question.kind} with ${answer.kind}`);
    }
    return answer as Answer<K>;
  }
}
