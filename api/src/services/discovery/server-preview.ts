import {
  type AuthorizationServerOption,
  describeOption,
  type RegistrationKind,
} from "./authorization-server-option.ts";
import type { Detection } from "./detected-server.ts";

/** What comes before creating a server: what was found, and what a consent would do. */
export interface ServerPreview extends Detection {
  url: string;
  workspaceId: string;
  checkedAt: Date;
  issuer: string | null;
  scopes: string[];
  clientRegistration: RegistrationKind | null;
  clientRequired: boolean;
  /** All that work, in the order listed. */
  authorizationServers: AuthorizationServerOption[];
  redirectUri: string;
}

/** All of a preview that follows from what was found. */
export function describePreview(
  detection: Detection,
  metadataDocumentUrl: string | null,
): Omit<ServerPreview, "url" | "workspaceId" | "checkedAt" | "redirectUri"> {
  const { discovery, others } = detection;
  const found = discovery ? [discovery, ...others] : [];
  const options = found.map((one) => describeOption(one, null, metadataDocumentUrl));
  // What a consent would take, unless there is a choice: then the person takes it.
  const usable = options.findIndex(({ clientRegistration }) => clientRegistration !== null);
  const at = Math.max(0, usable);
  return {
    ...detection,
    issuer: found[at]?.issuer ?? null,
    scopes: found[at]?.scopes ?? [],
    clientRegistration: options[at]?.clientRegistration ?? null,
    clientRequired: options[at]?.clientRegistration === null,
    authorizationServers: options,
  };
}
