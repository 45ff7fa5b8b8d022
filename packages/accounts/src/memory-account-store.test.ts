import { accountStoreContract } from "./account-store.contract.ts";
import { createMemoryAccountStore } from "./memory-account-store.ts";

accountStoreContract("the memory store", async () => {
  const store = createMemoryAccountStore();
  return { store, elsewhere: store, close: async () => {} };
});
