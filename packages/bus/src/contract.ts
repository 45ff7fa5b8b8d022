export { type BusUnderTest, busContract } from "./bus.contract.ts";
