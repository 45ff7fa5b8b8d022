import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AddressLimits, countedAddress } from "./address-limits.ts";

function limits(changes: Partial<ConstructorParameters<typeof AddressLimits>[0]> = {}) {
  return new AddressLimits({
    connections: 100,
    connectionsPerAddress: 100,
    attemptsPerAddress: 100,
    failuresPerAddress: 100,
    unauthenticated: 100,
    ...changes,
  });
}

describe("address limits", () => {
  test("one address gets so many connections, and another as soon as one is gone", () => {
    const addresses = limits({ connectionsPerAddress: 2 });
    assert.deepEqual(
      ["a", "a", "a", "b"].map((from) => addresses.admit(from)),
      ["admitted", "admitted", "too-many-from-address", "admitted"],
    );
    addresses.released("a", false);
    assert.equal(addresses.admit("a"), "admitted");
    assert.equal(addresses.connections, 3);
  });

  test("all addresses together get so many connections", () => {
    const addresses = limits({ connections: 2 });
    assert.deepEqual(
      ["a", "b", "c"].map((from) => addresses.admit(from)),
      ["admitted", "admitted", "too-many-connections"],
    );
  });

  test("connections that do not log in leave no room for more of their kind", () => {
    const addresses = limits({ unauthenticated: 1 });
    assert.equal(addresses.admit("a"), "admitted");
    assert.equal(addresses.admit("b"), "too-many-unauthenticated");
    addresses.loggedIn();
    assert.equal(addresses.admit("b"), "admitted");
    addresses.released("a", true);
    assert.equal(addresses.unauthenticated, 1);
    addresses.released("b", false);
    assert.equal(addresses.unauthenticated, 0);
  });

  test("attempts and failures are forgotten after a minute", () => {
    const addresses = limits({ attemptsPerAddress: 1, failuresPerAddress: 1 });
    assert.equal(addresses.admit("a"), "admitted");
    assert.equal(addresses.admit("a"), "too-many-attempts");
    addresses.authenticationFailed("a");
    assert.equal(addresses.mayAuthenticate("a"), false);
    assert.equal(addresses.mayAuthenticate("b"), true);
    addresses.newMinute();
    assert.equal(addresses.admit("a"), "admitted");
    assert.equal(addresses.mayAuthenticate("a"), true);
  });

  test("IPv6 addresses count by their /64 network, mapped ones as IPv4", () => {
    assert.equal(countedAddress("192.0.2.1"), "192.0.2.1");
    assert.equal(countedAddress("::ffff:192.0.2.1"), "192.0.2.1");
    assert.equal(countedAddress("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    assert.equal(countedAddress("2001:DB8:1:2::9"), "2001:db8:1:2::/64");
    assert.equal(countedAddress("2001:db8::9"), "2001:db8:0:0::/64");
    assert.equal(countedAddress("fe80::1%eth0"), "fe80:0:0:0::/64");
    assert.equal(countedAddress("::1"), "0:0:0:0::/64");
    assert.equal(countedAddress(""), "");
  });
});
