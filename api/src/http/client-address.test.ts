import type { IncomingMessage } from "node:http";
import { expect, it } from "vitest";
import { isLoopbackAddress, readClientAddress } from "./client-address.ts";

const from = (remoteAddress: string | undefined, forwarded?: string | string[]) =>
  ({
    headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded },
    socket: { remoteAddress },
  }) as unknown as Pick<IncomingMessage, "headers" | "socket">;

it.each([
  ["203.0.113.7", "203.0.113.7"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"],
  ["::1", "::/64"],
  [undefined, "unknown"],
])("%s is known as %s", (remote, known) => {
  expect(readClientAddress(from(remote), false)).toBe(known);
});

it("what anybody can write counts for nothing without a proxy", () => {
  expect(readClientAddress(from("203.0.113.7", "198.51.100.1"), false)).toBe("203.0.113.7");
});

it.each([
  ["198.51.100.1", "198.51.100.1"],
  ["10.9.9.9, 198.51.100.1", "198.51.100.1"],
  ["forged, 2001:db8::1", "2001:db8::/64"],
  ["not an address", "10.0.0.1"],
  ["", "10.0.0.1"],
])("of %j the proxy's own word counts: %s", (forwarded, known) => {
  expect(readClientAddress(from("10.0.0.1", forwarded), true)).toBe(known);
});

it("knows the machine itself", () => {
  const told = ["127.0.0.1", "127.9.9.9", "::1"].map((remote) =>
    isLoopbackAddress(readClientAddress(from(remote), false)),
  );
  expect(told).toEqual([true, true, true]);
  expect(isLoopbackAddress("203.0.113.7")).toBe(false);
});
