export type { Ownership, OwnershipListener } from "./ownership.ts";
