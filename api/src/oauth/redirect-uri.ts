import { isSecureUrl } from "./secure-url.ts";
import type { StepRecorder } from "./flow-steps.ts";

/**
 * Why nobody may be sent back to this address with a code: the MCP specification's "Communication Security" wants https or loopback.
 * Null when it is fit; a fault is a step.
 */
export function noteRedirectFault(redirectUri: string, steps: StepRecorder): string | null {
  if (isSecureUrl(redirectUri)) return null;
  const message =
    "This Gatehouse is reached over plain http, where a code could be read on its way: its PUBLIC_URL must be https.";
  steps.note("CLIENT_REGISTRATION", "FAILED", message, redirectUri);
  return message;
}
