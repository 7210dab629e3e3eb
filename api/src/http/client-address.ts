import type { IncomingMessage } from "node:http";
import ipaddr from "ipaddr.js";

/**
 * Where a request comes from, as far as limits go: an IPv4 address, or the /64 that somebody with IPv6 has to themselves.
 *
 * @param trustProxy one proxy stands in front and appends to `X-Forwarded-For`: its last entry is what the proxy saw; what stands before
 *   it anybody may have written
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

/** Whether it is the machine itself. */
export function isLoopbackAddress(address: string): boolean {
  return address.startsWith("127.") || address === "::/64";
}
