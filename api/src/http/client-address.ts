import type { IncomingMessage } from "node:http";
import ipaddr from "ipaddr.js";

/**
 * The source of a request for rate limits: an IPv4 address, or the /64 network of an IPv6 address,
 * which is usually assigned to one customer.
 *
 * @param trustProxy whether one proxy in front appends to `X-Forwarded-For`. Its last entry was
 * added by the proxy; the client can set all others.
 */
export function readClientAddress(
  { headers, socket }: Pick<IncomingMessage, "headers" | "socket">,
  trustProxy: boolean,
): string {
  const forwarded = trustProxy ? [headers["x-forwarded-for"] ?? []].flat().join(",") : "";
  const last = forwarded.split(",").at(-1)?.trim() ?? "";
  const text = ipaddr.isValid(last) ? last : (socket.remoteAddress ?? "");
  if (!ipaddr.isValid(text)) return "unknown";
  const address = ipaddr.process(text);
  if (address.kind() === "ipv4") return address.toString();
  return `${new ipaddr.IPv6(address.toByteArray().fill(0, 8)).toString()}/64`;
}

/** Whether the address is a loopback address. */
export function isLoopbackAddress(address: string): boolean {
  return address.startsWith("127.") || address === "::/64";
}
