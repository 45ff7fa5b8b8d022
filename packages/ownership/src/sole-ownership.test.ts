import { ownershipContract } from "./ownership.contract.ts";
import { createSoleOwnership } from "./sole-ownership.ts";

ownershipContract("sole ownership", async () => {
  const ownership = createSoleOwnership();
  return { ownership, settle: async () => {}, close: () => ownership.release() };
});
