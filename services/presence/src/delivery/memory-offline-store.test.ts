import { createMemoryOfflineStore } from "./memory-offline-store.ts";
import { offlineStoreContract } from "./offline-store.contract.ts";

offlineStoreContract("memory", createMemoryOfflineStore);
