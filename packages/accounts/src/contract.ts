export { type AccountStoreUnderTest, accountStoreContract } from "./account-store.contract.ts";
