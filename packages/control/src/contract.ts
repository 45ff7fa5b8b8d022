export { type ControlUnderTest, controlContract } from "./control.contract.ts";
