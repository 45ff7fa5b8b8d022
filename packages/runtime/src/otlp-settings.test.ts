import assert from "node:assert/strict";
import { test } from "node:test";
import { otlpTarget } from "./otlp-settings.ts";
import { SettingFault } from "./setting-fault.ts";

const target = (endpoint: string | undefined, headers?: string) =>
  otlpTarget({ "otlp.endpoint": endpoint, "otlp.headers": headers });

test("without an endpoint nothing is sent", () => {
  assert.equal(target(undefined), undefined);
});

test("traces and metrics go below the endpoint, whatever its path ends with", () => {
  assert.deepEqual(target("http://collector:4318"), {
    tracesUrl: "http://collector:4318/v1/traces",
    metricsUrl: "http://collector:4318/v1/metrics",
    headers: {},
  });
  assert.equal(target("https://c.example/otlp/")?.metricsUrl, "https://c.example/otlp/v1/metrics");
});

test("headers are pairs with commas between, their values percent-encoded", () => {
  assert.deepEqual(target("http://c:1", "Authorization=Bearer%20a%2Cb=, x-tenant = one ,")?.headers, {
    authorization: "Bearer a,b=",
    "x-tenant": "one",
  });
});

for (const endpoint of ["collector:4318", "ftp://c", "http://me:secret@c", "http://c/?token=secret", ""]) {
  test(`${JSON.stringify(endpoint)} is no endpoint, and nobody is told what was secret in it`, () => {
    assert.throws(
      () => target(endpoint),
      (error) => error instanceof SettingFault && !error.message.includes("secret"),
    );
  });
}

for (const headers of ["secret", "a b=secret", "a=%zz secret", "a=secret%0d%0aevil: 1"]) {
  test(`${JSON.stringify(headers)} are no headers, and nobody is told what they were`, () => {
    assert.throws(
      () => target("http://c:1", headers),
      (error) => error instanceof SettingFault && !error.message.includes("secret"),
    );
  });
}
