import type { CredentialScope, McpAuthType, McpServer, OAuthGrantType } from "@gatehouse/prisma";
import type { InputFaults } from "../access/service-error.ts";
import {
  checkDescription,
  checkHeaders,
  checkTimeout,
  hasControlCharacters,
  type HeaderInput,
} from "../access/input.ts";
import {
  isIssuer,
  mergeAuthorizationServer,
  noIssuer,
  type TargetSettings,
} from "./target-settings.ts";

/** Absent: unchanged; null: cleared. */
export interface ServerSettings extends TargetSettings {
  description?: string | null | undefined;
  authType?: McpAuthType | null | undefined;
  credentialScope?: CredentialScope | null | undefined;
  headers?: readonly HeaderInput[] | null | undefined;
  headersExpireAt?: Date | null | undefined;
  oauthClientId?: string | null | undefined;
  oauthClientSecret?: string | null | undefined;
  oauthGrantType?: OAuthGrantType | null | undefined;
  oauthPrivateKey?: string | null | undefined;
  oauthSigningAlgorithm?: string | null | undefined;
  oauthIssuer?: string | null | undefined;
  requestTimeoutMs?: number | null | undefined;
}

/** The headers of the input that have a value, by name. */
export function listGivenHeaders(headers: ServerSettings["headers"]): Record<string, string> {
  const given = (headers ?? []).flatMap(({ name, value }) =>
    value == null ? [] : [[name, value]],
  );
  return Object.fromEntries(given) as Record<string, string>;
}

/** @param signsItself whether OAuth sets the Authorization header */
export function checkSettings(
  faults: InputFaults,
  input: ServerSettings,
  signsItself: boolean,
): void {
  if (input.authType === "UNKNOWN")
    faults.add("authType", "UNKNOWN cannot be set. Omit authType to detect it.");
  checkDescription(faults, input.description);
  checkTimeout(faults, "requestTimeoutMs", input.requestTimeoutMs);
  checkHeaders(faults, input.headers ?? [], signsItself);
  for (const field of ["oauthClientId", "oauthClientSecret"] as const)
    if (
      input[field] != null &&
      (input[field].trim() === "" ||
        input[field].length > 2_048 ||
        hasControlCharacters(input[field]))
    )
      faults.add(field, "Enter 1 to 2,048 characters, or null to clear the value.");
  if (input.oauthIssuer != null && !isIssuer(input.oauthIssuer))
    faults.add("oauthIssuer", noIssuer);
}

/**
 * Secrets are write-only: a user who may change settings must not be able to have a stored secret
 * sent to a destination of their choice. If a secret would be sent to another destination, it must
 * be entered again.
 */
export function checkDestination(
  faults: InputFaults,
  input: ServerSettings & { url?: string | null | undefined },
  server: Pick<
    McpServer,
    | "url"
    | "oauthIssuer"
    | "oauthClientSecret"
    | "oauthPrivateKey"
    | "oauthClientId"
    | "oauthAuthorizationServer"
  >,
  { hasStoredHeaders }: { hasStoredHeaders: boolean },
): void {
  const movesAway = input.url != null && originOf(input.url) !== originOf(server.url);
  const keepsHeader =
    input.headers === undefined || input.headers?.some(({ value }) => value == null);
  if (movesAway && hasStoredHeaders && keepsHeader)
    faults.add(
      "headers",
      "The new URL has a different host. Enter the header values again, or remove them.",
    );
  // A different client id starts without secret and key.
  const keepsClient =
    input.oauthClientId === undefined || input.oauthClientId === server.oauthClientId;
  const keeps = (field: "oauthClientSecret" | "oauthPrivateKey"): boolean =>
    server[field] !== null && input[field] === undefined && keepsClient;
  const issuer = input.oauthIssuer === undefined ? server.oauthIssuer : input.oauthIssuer;
  // If an issuer is pinned, the secret is only sent to it, wherever the server points.
  const isRedirected =
    movesAway || mergeAuthorizationServer(input, server) !== server.oauthAuthorizationServer;
  const mayGoElsewhere = issuer !== server.oauthIssuer || (issuer === null && isRedirected);
  if (keeps("oauthClientSecret") && mayGoElsewhere)
    faults.add(
      "oauthClientSecret",
      "The secret would be sent to a different authorization server. Enter it again.",
    );
  // The key is never sent, but its signatures would be accepted as authorization by that server.
  if (keeps("oauthPrivateKey") && mayGoElsewhere)
    faults.add(
      "oauthPrivateKey",
      "The key would be used with a different authorization server. Enter it again.",
    );
}

function originOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).origin : null;
}

/**
 * A null value keeps the value that is stored under that name. Names are compared
 * case-insensitively.
 */
export function mergeHeaders(
  stored: Record<string, string>,
  headers: readonly HeaderInput[],
  faults: InputFaults,
): Record<string, string> {
  const storedByName = new Map(
    Object.entries(stored).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return Object.fromEntries(
    headers.map(({ name, value }, index) => {
      const kept = value ?? storedByName.get(name.toLowerCase());
      if (kept === undefined)
        faults.add(`headers.${index}.value`, `No value is stored for ${name}. Enter a value.`);
      return [name, kept ?? ""];
    }),
  );
}

export function sameHeaders(a: Record<string, string>, b: Record<string, string>): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
  );
}
