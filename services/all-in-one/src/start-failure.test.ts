import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultSettings } from "./settings.ts";
import { startFailure } from "./start-failure.ts";

const settings = defaultSettings();

test("an address that cannot be opened is told with its setting", () => {
  const inUse = Object.assign(new Error("listen EADDRINUSE"), { code: "EADDRINUSE", port: 8080 });
  assert.equal(
    startFailure("http", inUse, settings),
    "Rollcall did not start: 127.0.0.1:8080 is in use by another process; set listen.http (ROLLCALL_LISTEN_HTTP) to another\n",
  );
});

test("a store that another process has open is told with what to do", () => {
  const inUse = Object.assign(new Error("the store in data is open in process 7"), { code: "in-use" });
  assert.equal(
    startFailure("store", inUse, settings),
    "Rollcall did not start: store: the store in data is open in process 7; stop that one, or set data.dir (ROLLCALL_DATA_DIR)\n",
  );
});

test("every other failure is told with the service that had it", () => {
  assert.equal(
    startFailure("connection", new Error("tls.cert cannot be read"), settings),
    "Rollcall did not start: connection: tls.cert cannot be read\n",
  );
});
