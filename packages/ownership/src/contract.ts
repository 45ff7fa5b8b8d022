export { type OwnershipUnderTest, ownershipContract } from "./ownership.contract.ts";
