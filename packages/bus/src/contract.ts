export { type BusUnderTest, busContract, type NodeUnderTest } from "./bus.contract.ts";
