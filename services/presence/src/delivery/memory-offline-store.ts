import type { BareJid } from "@rollcall/xmpp";
import type { OfflineMessage, OfflineQuota, OfflineStore } from "./offline-store.ts";

/** Keeps messages as long as the process lives: for tests and for tools. */
export function createMemoryOfflineStore(quota: OfflineQuota): OfflineStore {
  const kept = new Map<BareJid, readonly OfflineMessage[]>();
  return {
    async append(account, message) {
      const messages = kept.get(account) ?? [];
      if (messages.some((one) => one.id === message.id)) return "stored";
      if (exceedsQuota(messages, message, quota)) return "full";
      kept.set(account, [...messages, message]);
      return "stored";
    },
    async read(account) {
      return kept.get(account) ?? [];
    },
    async removeDelivered(account, ids) {
      const rest = (kept.get(account) ?? []).filter((message) => !ids.has(message.id));
      if (rest.length === 0) kept.delete(account);
      else kept.set(account, rest);
    },
    async remove(account) {
      kept.delete(account);
    },
  };
}

/** Whether one more message would be too much. */
export function exceedsQuota(
  messages: readonly OfflineMessage[],
  message: OfflineMessage,
  quota: OfflineQuota,
): boolean {
  if (messages.length >= quota.messages) return true;
  let bytes = Buffer.byteLength(message.xml);
  for (const kept of messages) bytes += Buffer.byteLength(kept.xml);
  return bytes > quota.bytes;
}
