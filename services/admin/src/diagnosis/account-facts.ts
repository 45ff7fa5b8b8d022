import type { AccountStore } from "@rollcall/accounts";
import type { Bus } from "@rollcall/bus";
import {
  type CommandSummary,
  type ContactRecord,
  channels,
  type PresenceAdminAnswer,
} from "@rollcall/contracts";
import type { BareJid } from "@rollcall/xmpp";

/** What one place says of an account, or why it says nothing. */
export type Told<T> =
  | { readonly kind: "told"; readonly value: T }
  | { readonly kind: "silent"; readonly reason: string };

export interface RosterFacts {
  readonly version: string;
  readonly contacts: Readonly<Record<string, ContactRecord>>;
  readonly commands: readonly CommandSummary[];
}

/** An account as the store and its two owners have it. */
export interface AccountFacts {
  readonly jid: BareJid;
  readonly account: Told<{
    readonly exists: boolean;
    readonly disabled: boolean;
    readonly createdAt?: number;
  }>;
  readonly presence: Told<PresenceAdminAnswer>;
  readonly roster: Told<RosterFacts>;
}

export interface AccountFactsDeps {
  readonly accounts: Pick<AccountStore, "find">;
  readonly bus: Pick<Bus, "request">;
}

/** An operator waits for this. */
const TIMEOUT_MS = 3_000;

/** Asks all three at the same time; whoever does not answer is among the facts. */
export async function gatherAccount(
  { accounts, bus }: AccountFactsDeps,
  jid: BareJid,
  contact?: BareJid,
): Promise<AccountFacts> {
  const [account, presence, roster] = await Promise.all([
    told(async () => {
      const found = await accounts.find(jid);
      if (found === undefined) return { exists: false, disabled: false };
      return { exists: true, disabled: found.disabled, createdAt: found.createdAt };
    }),
    told(() =>
      bus.request(
        channels.presenceAdmin,
        jid,
        { kind: "sessions", ...(contact === undefined ? {} : { contact }) },
        TIMEOUT_MS,
      ),
    ),
    told(async (): Promise<RosterFacts> => {
      const answer = await bus.request(channels.rosterAdmin, jid, { kind: "show" }, TIMEOUT_MS);
      if (answer.kind !== "roster") {
        throw new Error(answer.kind === "refused" ? answer.reason : `it answered with ${answer.kind}`);
      }
      const { commands = [], contacts, version } = answer;
      return { version, contacts, commands };
    }),
  ]);
  return { jid, account, presence, roster };
}

async function told<T>(ask: () => Promise<T>): Promise<Told<T>> {
  try {
    return { kind: "told", value: await ask() };
  } catch (error) {
    return { kind: "silent", reason: error instanceof Error ? error.message : String(error) };
  }
}
