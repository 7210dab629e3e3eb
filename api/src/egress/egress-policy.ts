import { classifyAddress, isInNetworks, parseNetwork } from "./address-rules.ts";
import type { Network } from "./address-rules.ts";
import { isLocalhostName, parseHostPattern } from "./host-rules.ts";
import type { HostPattern } from "./host-rules.ts";

export interface EgressPolicy {
  /** Whether servers whose own URL is loopback may connect to loopback targets. */
  allowLoopback: boolean;
  /** Networks in CIDR notation that are allowed although they are not public. */
  allowedPrivateNetworks: readonly string[];
  /** `mcp.example.com`, or `*.example.com` for all names below it; empty: all hosts are allowed. */
  allowedHosts: readonly string[];
}

/** An invalid policy. `faults` contains one sentence for each invalid entry. */
export class EgressPolicyError extends Error {
  override readonly name = "EgressPolicyError";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join(" "));
    this.faults = faults;
  }
}

export interface CompiledPolicy {
  readonly networks: readonly Network[];
  readonly hosts: readonly HostPattern[];
}

/** @throws {EgressPolicyError} with every invalid network and pattern */
export function compilePolicy(policy: EgressPolicy): CompiledPolicy {
  const faults: string[] = [];
  const compile = <T>(texts: readonly string[], read: (text: string) => T | null, fault: string) =>
    texts.flatMap((text) => {
      const entry = read(text);
      if (entry === null) faults.push(`"${text}" ${fault}`);
      return entry === null ? [] : [entry];
    });
  const networks = compile(
    policy.allowedPrivateNetworks,
    parseNetwork,
    "in ALLOWED_PRIVATE_NETWORKS is not a network such as 10.0.0.0/8 or fd00::/8.",
  );
  const hosts = compile(
    policy.allowedHosts,
    parseHostPattern,
    "in ALLOWED_MCP_HOSTS is not a host such as mcp.example.com or *.example.com.",
  );
  if (faults.length > 0) throw new EgressPolicyError(faults);
  return { networks, hosts };
}

/** Whether a connection to this address is allowed. */
export function mayConnect(address: string, policy: CompiledPolicy, loopback: boolean): boolean {
  if (isInNetworks(address, policy.networks)) return true;
  const kind = classifyAddress(address);
  return kind === "PUBLIC" || (kind === "LOOPBACK" && loopback);
}

/** Whether names such as `localhost`, which always refer to this machine, may be resolved. */
export function mayResolve(host: string, policy: CompiledPolicy, loopback: boolean): boolean {
  if (!isLocalhostName(host)) return true;
  return ["127.0.0.1", "::1"].some((address) => mayConnect(address, policy, loopback));
}
