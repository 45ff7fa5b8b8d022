import type { AccountStore } from "@rollcall/accounts";
import type { BareJid } from "@rollcall/xmpp";
import { boundedMap } from "../ndjson/bounded-map.ts";

/** Accounts that are asked for at the same time. */
const concurrency = 16;

/**
 * Every account, in no order. A listing of the store may name accounts that were removed a moment ago: each is asked
 * for, so that what an operator removed is gone at once, and an export holds only what can be imported.
 * @throws {StoreUnavailableError}
 */
export async function* existingAccounts(accounts: AccountStore): AsyncGenerator<BareJid> {
  const asked = boundedMap(accounts.list(), concurrency, async (jid) => ({
    jid,
    exists: await accounts.exists(jid),
  }));
  for await (const { jid, exists } of asked) if (exists) yield jid;
}
