export type { Ownership, OwnershipListener } from "./ownership.ts";
export { createSoleOwnership } from "./sole-ownership.ts";
