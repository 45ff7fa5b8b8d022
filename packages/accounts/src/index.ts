export {
  type Account,
  type AccountStore,
  type ScramKeys,
  type ScramMechanism,
  StoreUnavailableError,
} from "./account-store.ts";
