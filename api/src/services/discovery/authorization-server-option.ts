import type { Discovery } from "#oauth/discovery.ts";
import { chooseRegistration, type PreRegisteredClient } from "#oauth/registration.ts";
import { parseUrl } from "#oauth/secure-url.ts";
import { createStepRecorder } from "#oauth/flow-steps.ts";

export type RegistrationKind = "PRE_REGISTERED" | "CLIENT_ID_METADATA_DOCUMENT" | "DYNAMIC";

/** One of the authorization servers of a server, as it is offered to the user for selection. */
export interface AuthorizationServerOption {
  issuer: string;
  /** The display name: the name of the provider if it is known, otherwise the host. */
  name: string;
  /** Null: a client must be registered manually. */
  clientRegistration: RegistrationKind | null;
}

/** No request is sent, so there is nothing to record. */
const silent = createStepRecorder({
  onStep: () => undefined,
  clock: { monotonicMs: () => 0, now: () => new Date(0) },
});

/** Describes which client a consent at this authorization server would use. Sends no request. */
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
    // A profile that was matched by its endpoints names software, not a provider.
    name: profile && "hosts" in profile ? profile.name : (parseUrl(issuer)?.host ?? issuer),
    clientRegistration:
      kind === "PRE_REGISTERED" || kind === "CLIENT_ID_METADATA_DOCUMENT" || kind === "DYNAMIC"
        ? kind
        : null,
  };
}
