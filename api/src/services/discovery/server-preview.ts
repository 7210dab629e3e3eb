import {
  type AuthorizationServerOption,
  describeOption,
  type RegistrationKind,
} from "./authorization-server-option.ts";
import type { Inspection } from "./detected-server.ts";
import { type SuggestedHeader, suggestHeader } from "./suggest-key.ts";

/**
 * The preview that is shown before a server is created: what was detected, and what a consent would
 * do.
 */
export interface ServerPreview extends Inspection {
  url: string;
  workspaceId: string;
  checkedAt: Date;
  issuer: string | null;
  scopes: string[];
  clientRegistration: RegistrationKind | null;
  clientRequired: boolean;
  /** All usable authorization servers, in the order listed. */
  authorizationServers: AuthorizationServerOption[];
  redirectUri: string;
  /** The header in which the server expects a key. Null if it requires none or does not say. */
  suggestedHeader: SuggestedHeader | null;
}

/** Derives a preview from what was detected. */
export function describePreview(
  url: string,
  detection: Inspection,
  metadataDocumentUrl: string | null,
): Omit<ServerPreview, "url" | "workspaceId" | "checkedAt" | "redirectUri"> {
  const { discovery, others, probe } = detection;
  const found = discovery ? [discovery, ...others] : [];
  const options = found.map((one) => describeOption(one, null, metadataDocumentUrl));
  // The authorization server that a consent would use, unless the user has to choose.
  const usable = options.findIndex(({ clientRegistration }) => clientRegistration !== null);
  const at = Math.max(0, usable);
  return {
    ...detection,
    issuer: found[at]?.issuer ?? null,
    scopes: found[at]?.scopes ?? [],
    clientRegistration: options[at]?.clientRegistration ?? null,
    clientRequired: options[at]?.clientRegistration === null,
    authorizationServers: options,
    suggestedHeader: detection.authType === "HEADERS" ? suggestHeader(url, probe) : null,
  };
}
