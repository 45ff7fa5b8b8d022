export {
  type Account,
  type AccountStore,
  AccountUnreadableError,
  type ScramKeys,
  type ScramMechanism,
  StoreUnavailableError,
} from "./account-store.ts";
export { createMemoryAccountStore } from "./memory-account-store.ts";
export {
  accountBucketProperties,
  createRiakAccountStore,
  DEFAULT_ACCOUNT_BUCKET,
  type RiakAccountStoreOptions,
} from "./riak-account-store.ts";
