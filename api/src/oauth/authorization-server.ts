/**
 * Authorization server metadata (RFC 8414, OpenID Connect Discovery). The SDK provides the URLs and
 * their order, but is not used to read the documents: it drops `revocation_endpoint` from OpenID
 * documents, tolerates a trailing slash in the issuer, stops at an HTML page, and accepts missing
 * PKCE methods.
 */
import { buildDiscoveryUrls, LATEST_PROTOCOL_VERSION } from "@modelcontextprotocol/client";
import { z } from "zod";
import type { DiscoveryFault } from "./discovery-fault.ts";
import { readJsonDocument } from "./json-response.ts";
import type { Fetch } from "./ports.ts";
import { describeIssuer, explainIssuer, isSameOrigin, type Expectation } from "./issuer.ts";
import type { HostProfile } from "./provider-profiles.ts";
import { isSecureUrl, parseUrl } from "./secure-url.ts";
import type { StepRecorder, Verdict } from "./flow-steps.ts";
import { isTransientStatus } from "./transient-status.ts";

const names = z.array(z.string()).nullable();

/** The part of the metadata that is stored; also used to parse it when it is read from storage. */
export const authorizationServerSchema = z.object({
  issuer: z.string(),
  authorizationEndpoint: z.string(),
  tokenEndpoint: z.string(),
  registrationEndpoint: z.string().nullable(),
  revocationEndpoint: z.string().nullable(),
  scopesSupported: names,
  /** Null: not specified, which RFC 8414 §2 defines as client_secret_basic. */
  tokenEndpointAuthMethodsSupported: names,
  codeChallengeMethodsSupported: names,
  clientIdMetadataDocumentSupported: z.boolean(),
  /** RFC 9207 §3. */
  issParameterSupported: z.boolean(),
  /** No metadata was found: these are the default endpoints of the 2025-03-26 revision. */
  legacy: z.boolean(),
});
export type AuthorizationServer = z.infer<typeof authorizationServerSchema>;

export type AuthorizationServerAnswer =
  | { kind: "found"; metadata: AuthorizationServer }
  /** Nothing is published. `certain`: the response at every URL said so. */
  | { kind: "none"; certain: boolean }
  | { kind: "refused"; fault: DiscoveryFault };

const optionalNames = z.array(z.string()).nullish().catch(null);
const optionalFlag = z.boolean().nullish().catch(null);
const documentSchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string().min(1),
  token_endpoint: z.string().min(1),
  registration_endpoint: z.string().nullish(),
  revocation_endpoint: z.string().nullish(),
  scopes_supported: optionalNames,
  response_types_supported: optionalNames,
  token_endpoint_auth_methods_supported: optionalNames,
  code_challenge_methods_supported: optionalNames,
  client_id_metadata_document_supported: optionalFlag,
  authorization_response_iss_parameter_supported: optionalFlag,
});

/**
 * Requests the URLs of RFC 8414 §3 and OpenID Connect Discovery §4 in the order of the
 * specification. The first document of the issuer decides.
 * @param options.issuers the accepted values of `issuer`, compared as plain strings. The first one
 * determines the URLs. There is more than one only if no issuer was named, so that `https://host`
 * and `https://host/` are equally likely.
 */
export async function findAuthorizationServer(options: {
  issuers: readonly [string, ...string[]];
  /**
   * The profile of the provider at that address. Its deviations may allow what is otherwise
   * rejected.
   */
  profile?: HostProfile | null;
  /** An issuer that an admin trusts for this server, at another address of the same origin. */
  trustedIssuer?: string | null;
  fetch: Fetch;
  steps: StepRecorder;
}): Promise<AuthorizationServerAnswer> {
  const { issuers, profile = null, trustedIssuer = null, fetch, steps } = options;
  const identifier = issuers[0];
  if (!isSecureUrl(identifier) || parseUrl(identifier)?.search !== "") {
    const message = "The authorization server's address must be https, without query or fragment.";
    steps.note("AUTHORIZATION_SERVER_METADATA", "FAILED", message, identifier);
    const code = "INSECURE_AUTHORIZATION_SERVER";
    return { kind: "refused", fault: { code, message, retryable: false } };
  }
  let certain = true;
  let fault: DiscoveryFault | null = null;
  for (const { url } of buildDiscoveryUrls(identifier)) {
    const lookup = await lookUp(url, { issuers, profile, trustedIssuer }, fetch, steps);
    if (lookup.kind === "found") return { kind: "found", metadata: lookup.metadata };
    if (lookup.kind === "none") certain &&= lookup.certain;
    else if (lookup.final) return { kind: "refused", fault: lookup.fault };
    // Another URL may have the correct document: a server that ignores paths responds to each with
    // the document of its root.
    else if (fault === null || fault === notJson || fault.retryable) fault = lookup.fault;
  }
  // An HTML page at one URL proves nothing if another URL gave no clear response.
  if (fault === null || (fault === notJson && !certain)) return { kind: "none", certain };
  return { kind: "refused", fault };
}

/**
 * The endpoints that the 2025-03-26 revision defines for a server without metadata, at the server's
 * own origin.
 */
export function guessAuthorizationServer(origin: string): AuthorizationServer {
  return {
    issuer: origin,
    authorizationEndpoint: `${origin}/authorize`,
    tokenEndpoint: `${origin}/token`,
    registrationEndpoint: `${origin}/register`,
    revocationEndpoint: null,
    scopesSupported: null,
    tokenEndpointAuthMethodsSupported: null,
    codeChallengeMethodsSupported: null,
    clientIdMetadataDocumentSupported: false,
    issParameterSupported: false,
    legacy: true,
  };
}

type Lookup =
  /** `remark`: what was accepted although the issuer differs. */
  | { kind: "found"; metadata: AuthorizationServer; remark: string | null }
  | { kind: "none"; certain: boolean }
  | { kind: "refused"; fault: DiscoveryFault; final: boolean };

async function lookUp(
  url: URL,
  expected: Expectation,
  fetch: Fetch,
  steps: StepRecorder,
): Promise<Lookup> {
  const headers = { accept: "application/json", "mcp-protocol-version": LATEST_PROTOCOL_VERSION };
  try {
    return await steps.record(
      "AUTHORIZATION_SERVER_METADATA",
      fetch,
      async (recordingFetch) => await readAnswer(await recordingFetch(url, { headers }), expected),
      judge,
    );
  } catch {
    return unavailable;
  }
}

const unavailable: Lookup = {
  kind: "refused",
  final: false,
  fault: {
    code: "METADATA_UNAVAILABLE",
    message: "The authorization server's metadata could not be fetched.",
    retryable: true,
  },
};

/** Only reported if no URL has a document. */
const notJson: DiscoveryFault = {
  code: "METADATA_INVALID",
  message: "The authorization server's metadata is not JSON.",
  retryable: false,
};

async function readAnswer(response: Response, expected: Expectation): Promise<Lookup> {
  if (!response.ok) {
    await response.body?.cancel();
    if (response.status === 502) return { kind: "none", certain: false };
    return isTransientStatus(response.status) ? unavailable : { kind: "none", certain: true };
  }
  const reading = await readJsonDocument(response);
  if (reading.kind === "object") return readDocument(reading.value, expected);
  if (reading.kind === "too-large")
    return refuse("METADATA_INVALID", "The authorization server's metadata is too large.");
  // HTML for every path of an origin that was not named: nothing is published there.
  return expected.issuers.length > 1
    ? { kind: "none", certain: true }
    : { kind: "refused", final: false, fault: notJson };
}

function readDocument(document: Record<string, unknown>, expected: Expectation): Lookup {
  const { issuers, profile } = expected;
  const parsed = documentSchema.safeParse(document);
  if (!parsed.success) {
    const fields = parsed.error.issues.map(({ path }) => path.join(".")).join(", ");
    return refuse(
      "METADATA_INVALID",
      `The authorization server's metadata is incomplete: ${fields}.`,
    );
  }
  const found = parsed.data;
  const remark = explainIssuer(found.issuer, expected);
  if (remark === false) return refuseIssuer(found.issuer, issuers[0]);
  for (const field of endpointFields) {
    const endpoint = found[field];
    if (endpoint && !isSecureUrl(endpoint)) {
      return refuse("INSECURE_ENDPOINT", `The ${field} must be https.`, true);
    }
  }
  if (found.response_types_supported && !found.response_types_supported.includes("code")) {
    const message = "The authorization server does not support the authorization code flow.";
    return refuse("CODE_FLOW_UNSUPPORTED", message, true);
  }
  const methods = found.code_challenge_methods_supported ?? null;
  const mayBeUnlisted = profile?.deviations["pkce-unlisted"] === true;
  if (methods === null ? !mayBeUnlisted : !methods.includes("S256")) {
    const message = "The authorization server does not list support for PKCE with S256.";
    return refuse("PKCE_UNSUPPORTED", message, true);
  }
  return {
    kind: "found",
    metadata: {
      issuer: found.issuer,
      authorizationEndpoint: found.authorization_endpoint,
      tokenEndpoint: found.token_endpoint,
      registrationEndpoint: found.registration_endpoint || null,
      revocationEndpoint: found.revocation_endpoint || null,
      scopesSupported: found.scopes_supported ?? null,
      tokenEndpointAuthMethodsSupported: found.token_endpoint_auth_methods_supported ?? null,
      codeChallengeMethodsSupported: methods,
      clientIdMetadataDocumentSupported: found.client_id_metadata_document_supported === true,
      issParameterSupported: found.authorization_response_iss_parameter_supported === true,
      legacy: false,
    },
    remark,
  };
}

/** An issuer of the same origin can be trusted by an admin, because the same party may answer there. */
function refuseIssuer(found: string, expected: string): Lookup {
  const message = `The metadata at ${expected} names another issuer: ${describeIssuer(found)}.`;
  const isOffered =
    isSecureUrl(found) && parseUrl(found)?.search === "" && isSameOrigin(found, expected);
  return {
    kind: "refused",
    final: false,
    fault: {
      code: "ISSUER_MISMATCH",
      message,
      retryable: false,
      ...(isOffered ? { offeredIssuer: found } : {}),
    },
  };
}

const endpointFields = [
  "authorization_endpoint",
  "token_endpoint",
  "registration_endpoint",
  "revocation_endpoint",
] as const;

function refuse(code: DiscoveryFault["code"], message: string, final = false): Lookup {
  return { kind: "refused", final, fault: { code, message, retryable: false } };
}

function judge(lookup: Lookup): Verdict {
  if (lookup.kind === "found") return { outcome: "OK", detail: lookup.remark };
  if (lookup.kind === "refused") return { outcome: "FAILED", detail: lookup.fault.message };
  return { outcome: "SKIPPED", detail: "Nothing is published here." };
}
