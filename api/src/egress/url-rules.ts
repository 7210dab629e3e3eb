import { isIP } from "node:net";
import { mayConnect, mayResolve } from "./egress-policy.ts";
import type { CompiledPolicy } from "./egress-policy.ts";
import { isHostAllowed, readHost } from "./host-rules.ts";

export type UrlFaultCode =
  | "NOT_A_URL"
  | "NOT_HTTP"
  | "HAS_CREDENTIALS"
  | "PRIVATE_ADDRESS"
  | "HOST_NOT_ALLOWED";

export interface UrlFault {
  code: UrlFaultCode;
  /** A sentence for the user who entered the URL. */
  message: string;
}

/** Finds faults of a URL that can be seen in its text. Names are only resolved when connecting. */
export function findUrlFault(
  text: string | URL,
  policy: CompiledPolicy,
  loopback: boolean,
): UrlFault | null {
  const url = text instanceof URL ? text : URL.parse(text);
  if (!url) return makeFault("NOT_A_URL", "Enter a full URL, such as https://mcp.example.com/mcp.");
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return makeFault("NOT_HTTP", "The URL must start with https:// or http://.");
  }
  if (url.username !== "" || url.password !== "") {
    return makeFault("HAS_CREDENTIALS", "The URL must not contain a user name or password.");
  }
  const host = readHost(url);
  const reachable = isIP(host)
    ? mayConnect(host, policy, loopback)
    : mayResolve(host, policy, loopback);
  if (!reachable) {
    return makeFault("PRIVATE_ADDRESS", `${host} is not a public address. ${PRIVATE_NEXT_STEP}`);
  }
  if (!isHostAllowed(host, policy.hosts)) {
    return makeFault("HOST_NOT_ALLOWED", `${host} is not an allowed host.`);
  }
  return null;
}

const PRIVATE_NEXT_STEP =
  "The administrator of this Gatehouse can allow its network with ALLOWED_PRIVATE_NETWORKS.";

function makeFault(code: UrlFaultCode, message: string): UrlFault {
  return { code, message };
}
