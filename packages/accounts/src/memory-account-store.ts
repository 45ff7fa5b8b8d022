import type { BareJid } from "@rollcall/xmpp";
import type { Account, AccountStore } from "./account-store.ts";

/** Accounts for as long as the process lives. */
export function createMemoryAccountStore(): AccountStore {
  const accounts = new Map<BareJid, Account>();
  return {
    find: async (jid) => accounts.get(jid),
    exists: async (jid) => accounts.has(jid),
    forget() {},
    async put(account) {
      const outcome = accounts.has(account.jid) ? "replaced" : "created";
      accounts.set(account.jid, structuredClone(account));
      return outcome;
    },
    remove: async (jid) => accounts.delete(jid),
    async *list() {
      yield* [...accounts.keys()];
    },
  };
}
