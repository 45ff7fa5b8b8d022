import { silentLogger } from "@rollcall/telemetry";
import { controlContract } from "./control.contract.ts";
import { createControlHub } from "./memory-control.ts";

controlContract("control inside one process", async () => {
  const hub = createControlHub(silentLogger);
  return {
    join: async (process, options = {}) => hub.join({ process, now: options.now }),
    close: async () => {},
  };
});
