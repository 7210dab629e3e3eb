import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type Network = [Address, number];

/** `SPECIAL`: every range that is neither loopback nor globally reachable unicast. */
export type AddressKind = "PUBLIC" | "LOOPBACK" | "SPECIAL";

/**
 * Classifies an IP address by the IANA special-purpose registries (RFC 6890). Text that is not an
 * IP address is `SPECIAL`, so that anything unknown is rejected.
 */
export function classifyAddress(text: string): AddressKind {
  const address = parseAddress(text);
  if (!address) return "SPECIAL";
  const range = address.range();
  if (range === "loopback") return "LOOPBACK";
  if (isIPv4(address)) return isPublicIPv4(address) ? "PUBLIC" : "SPECIAL";
  const embedded = findEmbedded(address);
  if (embedded) {
    // A translator or relay forwards to the embedded IPv4 address, so that address decides.
    return embedded.every(isPublicIPv4) ? "PUBLIC" : "SPECIAL";
  }
  return range === "unicast" && address.match(GLOBAL_UNICAST) ? "PUBLIC" : "SPECIAL";
}

/** Whether the address, or the IPv4 address mapped into it, is in one of the networks. */
export function isInNetworks(text: string, networks: readonly Network[]): boolean {
  const address = parseAddress(text);
  if (!address) return false;
  return networks.some((network) => {
    return network[0].kind() === address.kind() && address.match(network);
  });
}

/** Parses `10.0.0.0/8` or `fd00::/8`; null if the text is not a network. */
export function parseNetwork(cidr: string): Network | null {
  const [address = "", bits = ""] = cidr.trim().split("/");
  // ipaddr.js also accepts octal, hexadecimal and short forms, which readers of the configuration
  // would not expect.
  return isIP(address) && /^\d+$/.test(bits) && ipaddr.isValidCIDR(cidr.trim())
    ? ipaddr.parseCIDR(cidr.trim())
    : null;
}

/**
 * Addresses that appear to be public but belong to the internal platform of a cloud provider.
 * Metadata services use special ranges, which are already excluded: 169.254.0.0/16, 100.64.0.0/10,
 * 192.0.0.0/24, fd00::/8.
 */
const PLATFORM_NETWORKS = [
  // Azure: host agent, DNS and health probes.
  "168.63.129.16/32",
  // Google Cloud: private and restricted access to its APIs.
  "199.36.153.4/30",
  "199.36.153.8/30",
  // IBM Cloud: service endpoints of the private network.
  "161.26.0.0/16",
  "166.8.0.0/14",
].map((cidr) => ipaddr.IPv4.parseCIDR(cidr));

function isPublicIPv4(address: ipaddr.IPv4): boolean {
  return (
    address.range() === "unicast" && !PLATFORM_NETWORKS.some((network) => address.match(network))
  );
}

const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");
const NAT64 = ipaddr.IPv6.parseCIDR("64:ff9b::/96");
const SIX_TO_FOUR = ipaddr.IPv6.parseCIDR("2002::/16");
const TEREDO = ipaddr.IPv6.parseCIDR("2001::/32");

/** Parses an address. An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) is converted to IPv4. */
function parseAddress(text: string): Address | null {
  return isIP(text) ? ipaddr.process(text) : null;
}

function isIPv4(address: Address): address is ipaddr.IPv4 {
  return address.kind() === "ipv4";
}

/**
 * The IPv4 addresses embedded in a NAT64 (RFC 6052), 6to4 (RFC 3056) or Teredo (RFC 4380) address.
 */
function findEmbedded(address: ipaddr.IPv6): ipaddr.IPv4[] | null {
  const bytes = address.toByteArray();
  if (address.match(NAT64)) return [new ipaddr.IPv4(bytes.slice(12))];
  if (address.match(SIX_TO_FOUR)) return [new ipaddr.IPv4(bytes.slice(2, 6))];
  if (address.match(TEREDO)) {
    const client = bytes.slice(12).map((byte) => byte ^ 0xff);
    return [new ipaddr.IPv4(bytes.slice(4, 8)), new ipaddr.IPv4(client)];
  }
  return null;
}
