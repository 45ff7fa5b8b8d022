import { createMemoryRosterStore } from "./memory-roster-store.ts";
import { rosterStoreContract } from "./roster-store.contract.ts";

rosterStoreContract("memory", createMemoryRosterStore);
