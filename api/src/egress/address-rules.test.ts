import { BlockList } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classifyAddress, isInNetworks, parseNetwork } from "./address-rules.ts";

/** IANA special-purpose registries, written out by hand: the second opinion. */
const SPECIAL_V4 = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.31.196.0", 24],
  ["192.52.193.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["192.175.48.0", 24],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const;
/** Of cloud providers, from their documentation. */
const PLATFORM_V4 = [
  ["168.63.129.16", 32],
  ["199.36.153.4", 30],
  ["199.36.153.8", 30],
  ["161.26.0.0", 16],
  ["166.8.0.0", 14],
] as const;
const SPECIAL_V6 = [
  ["::", 96],
  ["::ffff:0:0:0", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001:2::", 48],
  ["2001:10::", 28],
  ["2001:20::", 28],
  ["2001:db8::", 32],
  ["3fff::", 20],
  ["5f00::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
] as const;

const special = new BlockList();
for (const [network, bits] of [...SPECIAL_V4, ...PLATFORM_V4])
  special.addSubnet(network, bits, "ipv4");
const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");

const toV4 = (bits: number) => [24, 16, 8, 0].map((at) => (bits >>> at) & 255).join(".");
const anyV4 = fc.integer({ min: 0, max: 0xffffffff }).map(toV4);
const hex = (v4: string) => {
  const [a = 0, b = 0, c = 0, d = 0] = v4.split(".").map(Number);
  return [((a << 8) | b).toString(16), ((c << 8) | d).toString(16)] as const;
};
const expected = (v4: string) => {
  if (loopback.check(v4)) return "LOOPBACK";
  return special.check(v4) ? "SPECIAL" : "PUBLIC";
};
/** Any address of the network: its prefix, and random bits behind. */
const inNetwork = (network: string, bits: number) =>
  fc.bigInt({ min: 0n, max: (1n << BigInt(128 - bits)) - 1n }).map((host) => {
    const [head = "", tail = ""] = network.split("::");
    const groups = (text: string) => (text === "" ? [] : text.split(":"));
    const zeros = Array<string>(8 - groups(head).length - groups(tail).length).fill("0");
    const all = [...groups(head), ...zeros, ...groups(tail)];
    const prefix = all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
    const address = (prefix | host).toString(16).padStart(32, "0");
    return address.match(/.{4}/g)?.join(":") ?? "";
  });

describe("classifyAddress", () => {
  it("MCP-AUTH-20 agrees with the IANA registry on every IPv4 address", () => {
    fc.assert(
      fc.property(anyV4, (v4) => {
        expect(classifyAddress(v4)).toBe(expected(v4));
      }),
      { numRuns: 3000 },
    );
  });

  it.each(SPECIAL_V4)(
    "MCP-AUTH-20 refuses %s/%i from its first to its last address, and no neighbour",
    (network, bits) => {
      const first = network.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
      const last = first + 2 ** (32 - bits) - 1;
      expect(classifyAddress(toV4(first))).toBe("SPECIAL");
      expect(classifyAddress(toV4(last))).toBe("SPECIAL");
      for (const neighbour of [first - 1, last + 1]) {
        if (neighbour < 0 || neighbour > 0xffffffff) continue;
        expect(classifyAddress(toV4(neighbour))).toBe(expected(toV4(neighbour)));
      }
    },
  );

  it.each([
    "168.63.129.16",
    "::ffff:168.63.129.16",
    "64:ff9b::a83f:8110",
    "2002:a83f:8110::1",
    "169.254.169.254",
    "100.100.100.200",
    "192.0.0.192",
    "fd00:ec2::254",
    "199.36.153.9",
    "161.26.0.10",
    "166.11.255.255",
  ])("A13 refuses %s, which a cloud provider's platform answers", (address) => {
    expect(classifyAddress(address)).toBe("SPECIAL");
  });

  it.each(SPECIAL_V6)("MCP-AUTH-20 refuses all of %s/%i", (network, bits) => {
    fc.assert(
      fc.property(inNetwork(network, bits), (address) => {
        fc.pre(address !== "0000:0000:0000:0000:0000:0000:0000:0001");
        expect(classifyAddress(address)).toBe("SPECIAL");
      }),
    );
  });

  it("judges an IPv4-mapped address as the IPv4 address that it is", () => {
    fc.assert(
      fc.property(anyV4, (v4) => {
        expect(classifyAddress(`::ffff:${v4}`)).toBe(expected(v4));
        expect(classifyAddress(`::ffff:${hex(v4).join(":")}`)).toBe(expected(v4));
      }),
    );
  });

  it("judges NAT64, 6to4 and Teredo by the IPv4 address inside", () => {
    fc.assert(
      fc.property(anyV4, (v4) => {
        const kind = expected(v4) === "PUBLIC" ? "PUBLIC" : "SPECIAL";
        const [high, low] = hex(v4);
        const flip = (group: string) => (Number(`0x${group}`) ^ 0xffff).toString(16);
        expect(classifyAddress(`64:ff9b::${high}:${low}`)).toBe(kind);
        expect(classifyAddress(`2002:${high}:${low}::1`)).toBe(kind);
        expect(classifyAddress(`2001:0:808:808:0:0:${flip(high)}:${flip(low)}`)).toBe(kind);
        expect(classifyAddress(`2001:0:${high}:${low}:0:0:f7f7:f7f7`)).toBe(kind);
      }),
      { numRuns: 1000 },
    );
  });

  it("lets through what is public and knows loopback", () => {
    expect(classifyAddress("2606:4700::6810:84e5")).toBe("PUBLIC");
    expect(classifyAddress("8.8.8.8")).toBe("PUBLIC");
    expect(classifyAddress("::1")).toBe("LOOPBACK");
    expect(classifyAddress("127.255.255.254")).toBe("LOOPBACK");
  });

  it.each(["", "localhost", "8.8.8", "0x7f.1", "8.8.8.8 ", "[::1]", "1.2.3.4.5", "::g"])(
    "refuses %j, which is no address",
    (text) => {
      expect(classifyAddress(text)).toBe("SPECIAL");
    },
  );
});

describe("parseNetwork", () => {
  it("holds exactly its own addresses", () => {
    const bits = fc.integer({ min: 0, max: 32 });
    fc.assert(
      fc.property(anyV4, bits, anyV4, (base, prefix, address) => {
        const list = new BlockList();
        list.addSubnet(base, prefix, "ipv4");
        const network = parseNetwork(`${base}/${prefix}`);
        expect(network && isInNetworks(address, [network])).toBe(list.check(address));
        expect(network && isInNetworks(`::ffff:${address}`, [network])).toBe(list.check(address));
      }),
    );
  });

  it("keeps IPv4 and IPv6 apart", () => {
    const all = parseNetwork("::/0");
    expect(all && isInNetworks("10.0.0.1", [all])).toBe(false);
    expect(all && isInNetworks("fd00::1", [all])).toBe(true);
  });

  it.each([
    "",
    "10.0.0.0",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10/8",
    "0x0a.0.0.0/8",
    "a/8",
    "::/129",
    "10.0.0.0/8/8",
  ])("refuses %j", (text) => {
    expect(parseNetwork(text)).toBeNull();
  });
});
