import type { Discovery } from "#oauth/discovery.ts";
import { chooseRegistration, type PreRegisteredClient } from "#oauth/registration.ts";
import { parseUrl } from "#oauth/secure-url.ts";
import { createStepRecorder } from "#oauth/flow-steps.ts";

export type RegistrationKind = "PRE_REGISTERED" | "CLIENT_ID_METADATA_DOCUMENT" | "DYNAMIC";

/** One of the authorization servers of a server, as it is put to the person who chooses. */
export interface AuthorizationServerOption {
  issuer: string;
  /** What tells it apart at a glance: the provider's name where it is known, else the host. */
  name: string;
  /** Null: someone must register a client there by hand. */
  clientRegistration: RegistrationKind | null;
}

/** Nothing happens, so there is nothing to record. */
const silent = createStepRecorder({
  onStep: () => undefined,
  clock: { monotonicMs: () => 0, now: () => new Date(0) },
});

/** What a consent at this authorization server would find for a client. Sends nothing. */
export function describeOption(
  discovery: Discovery,
  preRegistered: PreRegisteredClient | null,
  metadataDocumentUrl: string | null,
): AuthorizationServerOption {
  const { issuer, profile } = discovery;
  const { kind } = chooseRegistration({
    preRegistered,
    discovery,
    metadataDocumentUrl,
    steps: silent,
  });
  return {
    issuer,
    // A profile that is told by its looks alone names software, not a provider.
    name: profile && "hosts" in profile ? profile.name : (parseUrl(issuer)?.host ?? issuer),
    clientRegistration:
      kind === "PRE_REGISTERED" || kind === "CLIENT_ID_METADATA_DOCUMENT" || kind === "DYNAMIC"
        ? kind
        : null,
  };
}
