/**
 * Dynamic client registration (RFC 7591). The SDK's `registerClient` is not used: it drops
 * `registration_access_token` and `registration_client_uri` from the response, rejects responses
 * that do not repeat `redirect_uris`, and repeats the POST across redirects.
 */
import { z } from "zod";
import {
  chooseAuthMethodToRegister,
  isClientAuthMethod,
  type ClientAuthMethod,
} from "./client-authentication.ts";
import type { AuthorizationServer } from "./authorization-server.ts";
import { describeOAuthError } from "./errors.ts";
import { readJsonObject } from "./json-response.ts";
import { clientName, deriveApplicationType } from "./metadata-document.ts";
import type { Fetch } from "./ports.ts";
import { isOwnRegistrationUri } from "./registration-deletion.ts";
import { unionScopes } from "./scopes.ts";
import { isSecureUrl } from "./secure-url.ts";
import type { StepRecorder } from "./flow-steps.ts";
import { isTransientStatus } from "./transient-status.ts";

export interface RegisteredClient {
  clientId: string;
  clientSecret: string | null;
  /** Null: does not expire. */
  clientSecretExpiresAt: Date | null;
  tokenEndpointAuthMethod: ClientAuthMethod;
  /** RFC 7592: for deleting the registration. It is secret. */
  registrationAccessToken: string | null;
  registrationClientUri: string | null;
}

export interface RegistrationFault {
  code:
    /** The authorization server rejected the registration: a client must be registered manually. */
    | "REGISTRATION_REFUSED"
    /** Timeout, 5xx or 429 response: a later attempt may succeed. */
    | "REGISTRATION_UNAVAILABLE"
    /** The response is not a registration, or one that Gatehouse cannot use. */
    | "REGISTRATION_INVALID"
    /** The authorization server supports no authentication method that Gatehouse supports. */
    | "AUTH_METHOD_UNSUPPORTED";
  message: string;
  retryable: boolean;
}

export type RegistrationAnswer =
  | { ok: true; client: RegisteredClient }
  | { ok: false; fault: RegistrationFault };

/**
 * Registers a client. No `scope` is sent at first, because it would limit the client to these scopes,
 * and every step-up would be rejected. If the metadata is rejected, the registration is repeated once
 * with the scopes if the response asks for them (regressions I13), and once without the
 * `application_type`.
 */
export async function registerClient(options: {
  authorizationServer: AuthorizationServer;
  redirectUri: string;
  /** The URL of the application. */
  publicUrl: string;
  /** The scopes that consents will request, for an authorization server that requires them here. */
  scopes: readonly string[];
  fetch: Fetch;
  steps: StepRecorder;
}): Promise<RegistrationAnswer> {
  const { authorizationServer, redirectUri, publicUrl, fetch, steps } = options;
  const plan = planRegistration(authorizationServer, steps);
  if (!plan.ok) return plan;
  const { endpoint, method } = plan;
  const request = {
    client_name: clientName,
    // Consent pages display it. Several servers reject a value that is not https.
    ...(publicUrl.startsWith("https://") ? { client_uri: publicUrl } : {}),
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: method,
  };
  const post = async (body: object): Promise<Attempt> => {
    try {
      return await steps.record(
        "CLIENT_REGISTRATION",
        fetch,
        async (recordingFetch) =>
          await readAnswer(
            await recordingFetch(endpoint, buildPost(body)),
            method,
            authorizationServer,
          ),
        (attempt) =>
          attempt.ok ? { outcome: "OK" } : { outcome: "FAILED", detail: attempt.fault.message },
      );
    } catch {
      const message = "The registration endpoint could not be reached.";
      return { ...fail("REGISTRATION_UNAVAILABLE", message, true), refused: null };
    }
  };
  const full = { ...request, application_type: deriveApplicationType(redirectUri) };
  const scope = unionScopes(options.scopes, authorizationServer.scopesSupported ?? []).join(" ");
  let last = await post(full);
  const wantsScope = refusedPart(last) === "scope" && scope !== "";
  const base = wantsScope ? { ...request, scope } : request;
  if (wantsScope) last = await post({ ...full, scope });
  if (refusedPart(last) !== null) last = await post(base);
  return last.ok ? { ok: true, client: last.client } : { ok: false, fault: last.fault };
}

/** The part of the metadata that was rejected; null: none, or nothing that another attempt changes. */
function refusedPart(attempt: Attempt): "scope" | "other" | null {
  return attempt.ok ? null : attempt.refused;
}

export type RegistrationPlan =
  | { ok: true; endpoint: string; method: ClientAuthMethod }
  | { ok: false; fault: RegistrationFault };

/**
 * Determines where a client would be registered, and with which authentication method. Sends
 * nothing; a failure is recorded as a step.
 */
export function planRegistration(
  { registrationEndpoint, tokenEndpointAuthMethodsSupported }: AuthorizationServer,
  steps: StepRecorder,
): RegistrationPlan {
  if (registrationEndpoint === null || !isSecureUrl(registrationEndpoint)) {
    const message = "The authorization server does not support registration.";
    steps.note("CLIENT_REGISTRATION", "FAILED", message);
    return fail("REGISTRATION_REFUSED", message);
  }
  const method = chooseAuthMethodToRegister(tokenEndpointAuthMethodsSupported);
  if (method === null) {
    const message =
      "The authorization server supports no client authentication method that Gatehouse supports.";
    steps.note("CLIENT_REGISTRATION", "FAILED", message, registrationEndpoint);
    return fail("AUTH_METHOD_UNSUPPORTED", message);
  }
  return { ok: true, endpoint: registrationEndpoint, method };
}

type Attempt =
  | { ok: true; client: RegisteredClient }
  | { ok: false; fault: RegistrationFault; refused: "scope" | "other" | null };

function buildPost(body: object): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(body),
    redirect: "manual",
  };
}

const answerSchema = z.object({
  client_id: z.string().min(1),
  client_secret: z.string().min(1).nullish().catch(null),
  /** Seconds since 1970; 0: does not expire. */
  client_secret_expires_at: z.coerce.number().nullish().catch(null),
  token_endpoint_auth_method: z.string().nullish().catch(null),
  registration_access_token: z.string().min(1).nullish().catch(null),
  registration_client_uri: z.string().nullish().catch(null),
});

async function readAnswer(
  response: Response,
  requested: ClientAuthMethod,
  server: AuthorizationServer,
): Promise<Attempt> {
  const body = await readJsonObject(response);
  if (!response.ok) return readRefusal(response.status, body);
  const invalid = (message: string): Attempt => ({
    ...fail("REGISTRATION_INVALID", message),
    refused: null,
  });
  const parsed = answerSchema.safeParse(body);
  if (!parsed.success) return invalid("The response to the registration is not valid.");
  const answer = parsed.data;
  const clientSecret = answer.client_secret ?? null;
  // RFC 7591 §3.2.1: the server may have registered other values than requested.
  const registered = answer.token_endpoint_auth_method ?? requested;
  if (!isClientAuthMethod(registered)) {
    return invalid(
      "The client was registered with an authentication method that Gatehouse does not support.",
    );
  }
  // No secret was issued: whatever the response repeats, there is only one way to use this client.
  const method = clientSecret === null ? "none" : registered;
  const managementUri = answer.registration_client_uri;
  return {
    ok: true,
    client: {
      clientId: answer.client_id,
      clientSecret: method === "none" ? null : clientSecret,
      clientSecretExpiresAt: method === "none" ? null : readExpiry(answer.client_secret_expires_at),
      tokenEndpointAuthMethod: method,
      registrationAccessToken: answer.registration_access_token ?? null,
      registrationClientUri:
        managementUri && isOwnRegistrationUri(managementUri, server) ? managementUri : null,
    },
  };
}

/** 9999-12-31, the last day that a timestamp can have everywhere, in seconds. */
const lastSecond = 253_402_300_799;

/**
 * RFC 7591 §3.2.1: seconds since 1970; 0: does not expire. A number that is too large for seconds is
 * in milliseconds (regressions I7). Null: no known expiry.
 */
function readExpiry(value: number | null | undefined): Date | null {
  if (value === null || value === undefined || !Number.isFinite(value) || value <= 0) return null;
  const seconds = value > lastSecond ? value / 1_000 : value;
  return seconds > lastSecond ? null : new Date(seconds * 1_000);
}

function readRefusal(status: number, body: Record<string, unknown> | null): Attempt {
  const code = typeof body?.["error"] === "string" ? body["error"] : null;
  const description = body?.["error_description"];
  const said =
    code === null
      ? null
      : describeOAuthError(code, typeof description === "string" ? description : null);
  if (isTransientStatus(status)) {
    const message = `The registration endpoint responded with HTTP ${status}.`;
    return { ...fail("REGISTRATION_UNAVAILABLE", message, true), refused: null };
  }
  const message = `The authorization server refused the registration (${said ?? `HTTP ${status}`}).`;
  const isMetadata = status === 400 && (code === null || code.startsWith("invalid_"));
  const namesScope = /\bscopes?\b/i.test(`${code} ${String(description)}`);
  return {
    ...fail("REGISTRATION_REFUSED", message),
    refused: namesScope && status < 500 ? "scope" : isMetadata ? "other" : null,
  };
}

function fail(
  code: RegistrationFault["code"],
  message: string,
  retryable = false,
): { ok: false; fault: RegistrationFault } {
  return { ok: false, fault: { code, message, retryable } };
}
