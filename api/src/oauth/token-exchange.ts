/** The first token of a grant, from a code or from the client's own credentials, as a step of a flow. */
import { describeFailure } from "./errors.ts";
import type { IssuedTokens } from "./ports.ts";
import type { StepRecorder } from "./flow-steps.ts";
import {
  buildTokenRequest,
  cannotSend,
  clientCredentialsParams,
  dropRefreshToken,
  send,
  type TokenRequest,
  type TokenRequestOptions,
  unknownError,
} from "./token-request.ts";
import type { TokenResponse } from "./token-response.ts";

export type ExchangeOutcome =
  /** `scopes` null: as requested (RFC 6749 §5.1). */
  | {
      kind: "tokens";
      tokens: IssuedTokens;
      remark: string | null;
      /** The client authentication method that the server accepted. */
      tokenEndpointAuthMethod: string;
      /** As sent; null if the server accepted the request only without it. */
      resource: string | null;
    }
  /** An OAuth error. With `invalid_client` the registration must not be used again. */
  | { kind: "refused"; errorCode: string; detail: string | null }
  /** There was no usable response. The code may have been used and is not sent again. */
  | { kind: "failed"; detail: string };

/**
 * Exchanges a code (RFC 6749 §4.1.3, RFC 7636 §4.5, RFC 8707 §2.2). It is sent again only after a
 * refusal for a reason that precedes its use: the resource (regressions I11), or the client
 * authentication if the server lists no methods (regressions I13). Never throws.
 */
export async function exchangeCode(
  options: TokenRequestOptions & {
    code: string;
    codeVerifier: string;
    redirectUri: string;
    /** The methods that the authorization server lists; null: none. */
    supportedAuthMethods: readonly string[] | null;
    steps: StepRecorder;
  },
): Promise<ExchangeOutcome> {
  const { code, codeVerifier, redirectUri } = options;
  const params = {
    grant_type: "authorization_code",
    code,
    code_verifier: codeVerifier,
    redirect_uri: redirectUri,
  };
  return await exchange(options, params, [code, codeVerifier]);
}

/** The methods to try if the default of RFC 8414 §2, which nothing confirms, is refused. */
const otherMethods = ["client_secret_post", "none"];

/** Sends the request, and once more without `resource` or with another method if that was refused. */
async function exchange(
  options: TokenRequestOptions & {
    steps: StepRecorder;
    supportedAuthMethods: readonly string[] | null;
  },
  params: Record<string, string>,
  secrets: string[],
): Promise<ExchangeOutcome> {
  const { client, supportedAuthMethods, steps } = options;
  const isDefault =
    supportedAuthMethods === null && client.tokenEndpointAuthMethod === "client_secret_basic";
  const methods = isDefault ? [...otherMethods] : [];
  let attempt = options;
  for (;;) {
    const outcome = await sendRecorded(await buildTokenRequest(attempt, params, secrets), attempt);
    if (outcome.kind !== "refused") return outcome;
    if (outcome.errorCode === "invalid_target" && attempt.resource !== null) {
      steps.note(
        "TOKEN_EXCHANGE",
        "SKIPPED",
        "The resource parameter was rejected. It is omitted from now on.",
      );
      attempt = { ...attempt, resource: null };
      continue;
    }
    const method = outcome.errorCode === "invalid_client" ? methods.shift() : undefined;
    if (method === undefined) return outcome;
    steps.note(
      "TOKEN_EXCHANGE",
      "SKIPPED",
      `No authentication methods are listed, and HTTP Basic was rejected. ${method} is tried next.`,
    );
    attempt = { ...attempt, client: { ...client, tokenEndpointAuthMethod: method } };
  }
}

/** Requests a token with client credentials (RFC 6749 §4.4), as a step of a flow. Never throws. */
export async function requestClientToken(
  options: TokenRequestOptions & {
    scopes: readonly string[];
    supportedAuthMethods: readonly string[] | null;
    steps: StepRecorder;
  },
): Promise<ExchangeOutcome> {
  const outcome = await exchange(options, clientCredentialsParams(options.scopes), []);
  return outcome.kind === "tokens" ? dropRefreshToken(outcome) : outcome;
}

async function sendRecorded(
  request: TokenRequest | null,
  { fetch, steps, client, resource }: TokenRequestOptions & { steps: StepRecorder },
): Promise<ExchangeOutcome> {
  if (!request) {
    steps.note("TOKEN_EXCHANGE", "FAILED", cannotSend);
    return { kind: "failed", detail: cannotSend };
  }
  try {
    return await steps.record(
      "TOKEN_EXCHANGE",
      fetch,
      async (recordingFetch): Promise<ExchangeOutcome> => {
        const judged = judgeExchange(await send(request, recordingFetch));
        const { tokenEndpointAuthMethod } = client;
        return judged.kind === "tokens" ? { ...judged, tokenEndpointAuthMethod, resource } : judged;
      },
      (outcome) =>
        outcome.kind === "tokens"
          ? { outcome: "OK", detail: outcome.remark }
          : { outcome: "FAILED", detail: outcome.detail ?? unknownError },
    );
  } catch (error) {
    return { kind: "failed", detail: describeFailure(error) };
  }
}

function judgeExchange(
  response: TokenResponse,
): Exclude<ExchangeOutcome, { kind: "tokens" }> | Extract<TokenResponse, { kind: "tokens" }> {
  if (response.kind === "tokens") return response;
  return response.kind === "error"
    ? { kind: "refused", errorCode: response.code, detail: response.detail }
    : { kind: "failed", detail: response.detail };
}
