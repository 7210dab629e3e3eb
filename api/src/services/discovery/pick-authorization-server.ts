import { type Discovery, noteProfile } from "#oauth/discovery.ts";
import type { StepRecorder } from "#oauth/flow-steps.ts";
import type { AuthorizationServerOption } from "./authorization-server-option.ts";

/** The only authorization server that can be used, or all of them for the user to choose from. */
export function pickAuthorizationServer(
  found: readonly Discovery[],
  describe: (discovery: Discovery) => AuthorizationServerOption,
  steps: StepRecorder,
):
  | { kind: "one"; discovery: Discovery }
  | { kind: "several"; authorizationServers: AuthorizationServerOption[] } {
  const [first, ...others] = found;
  if (!first) throw new TypeError("Discovery found an authorization server");
  if (others.length === 0) return { kind: "one", discovery: first };
  const options = found.map(describe);
  const usable = found.filter((_, index) => options[index]?.clientRegistration !== null);
  if (usable.length > 1) return { kind: "several", authorizationServers: options };
  // If all of them require manual registration, uses the first in the server's order.
  const discovery = usable[0] ?? first;
  for (const { issuer } of found) {
    if (issuer === discovery.issuer) continue;
    const detail = "Not used, because a client must be registered here manually.";
    steps.note("CLIENT_REGISTRATION", "SKIPPED", detail, issuer);
  }
  noteProfile(discovery, steps);
  return { kind: "one", discovery };
}
