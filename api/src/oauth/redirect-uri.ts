import { isSecureUrl } from "./secure-url.ts";
import type { StepRecorder } from "./flow-steps.ts";

/**
 * Why users cannot be redirected to this address with a code: "Communication Security" in the MCP
 * specification requires https or loopback. Null if the address is allowed; a fault is recorded as
 * a step.
 */
export function noteRedirectFault(redirectUri: string, steps: StepRecorder): string | null {
  if (isSecureUrl(redirectUri)) return null;
  const message =
    "This Gatehouse uses plain http, over which an authorization code could be intercepted. Its PUBLIC_URL must be https.";
  steps.note("CLIENT_REGISTRATION", "FAILED", message, redirectUri);
  return message;
}
