import { createHash, randomBytes } from "node:crypto";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { consent } from "./driver.ts";
import type { Sandbox } from "../sandbox.ts";

export const redirectUri = "http://localhost:4999/oauth/callback";

/** A token answer, good or bad. */
interface TokenAnswer {
  readonly status: number;
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in?: number;
  readonly scope?: string;
  readonly error?: string;
}

export async function postJson(url: string, body: unknown, headers: Record<string, string> = {}) {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

export async function registerPublicClient(sandbox: Sandbox, name = "Gatehouse") {
  const answer = await postJson(`${sandbox.url}/register`, {
    client_name: name,
    redirect_uris: [redirectUri],
    application_type: "native",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  });
  if (answer.status !== 201) throw new Error(`registration answered ${answer.status}`);
  return (await answer.json()) as {
    client_id: string;
    registration_access_token: string;
    registration_client_uri: string;
  };
}

interface Attempt {
  readonly authorizationUrl: string;
  readonly verifier: string;
  readonly clientId: string;
  readonly resource: string;
}

interface AttemptOptions {
  readonly clientId: string;
  readonly resource?: string;
  readonly scope?: string;
}

export function startAttempt(sandbox: Sandbox, options: AttemptOptions): Attempt {
  const verifier = randomBytes(32).toString("base64url");
  const resource = options.resource ?? sandbox.notesUrl;
  const url = new URL("/authorize", sandbox.url);
  url.search = new URLSearchParams({
    client_id: options.clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope: options.scope ?? "notes:read notes:write offline_access",
    prompt: "consent",
    state: randomBytes(8).toString("hex"),
    resource,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  }).toString();
  return { authorizationUrl: url.href, verifier, clientId: options.clientId, resource };
}

export async function requestTokens(
  sandbox: Sandbox,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<TokenAnswer> {
  const body = new URLSearchParams(fields);
  const answer = await fetch(`${sandbox.url}/token`, { method: "POST", body, headers });
  return { status: answer.status, ...((await answer.json()) as Omit<TokenAnswer, "status">) };
}

export function exchange(sandbox: Sandbox, attempt: Attempt, callbackUrl: string) {
  return requestTokens(sandbox, {
    grant_type: "authorization_code",
    code: new URL(callbackUrl).searchParams.get("code") ?? "",
    redirect_uri: redirectUri,
    client_id: attempt.clientId,
    code_verifier: attempt.verifier,
    resource: attempt.resource,
  });
}

export function refresh(sandbox: Sandbox, clientId: string, refreshToken: string) {
  return requestTokens(sandbox, {
    grant_type: "refresh_token",
    refresh_token: refreshToken,
    client_id: clientId,
  });
}

/** Registers, signs in, allows and exchanges. */
export async function connect(
  sandbox: Sandbox,
  { login = "amy", ...rest }: { login?: string; resource?: string; scope?: string } = {},
) {
  const { client_id: clientId } = await registerPublicClient(sandbox);
  const attempt = startAttempt(sandbox, { clientId, ...rest });
  const { authorizationUrl } = attempt;
  const { callbackUrl } = await consent({ authorizationUrl, login, decision: "allow" });
  return { clientId, callbackUrl, tokens: await exchange(sandbox, attempt, callbackUrl) };
}

/** An MCP client with a fixed bearer, as Gatehouse's own transport has one per request. */
export async function openMcp(url: string, accessToken: string): Promise<Client> {
  const client = new Client(
    { name: "sandbox-test", version: "1.0.0" },
    { versionNegotiation: { mode: "auto" } },
  );
  const requestInit = { headers: { authorization: `Bearer ${accessToken}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  return client;
}

/** Status and challenge of a bare request to an MCP server. */
export async function probeMcp(url: string, accessToken?: string) {
  const answer = await postJson(
    url,
    { jsonrpc: "2.0", id: 1, method: "ping" },
    {
      accept: "application/json, text/event-stream",
      ...(accessToken && { authorization: `Bearer ${accessToken}` }),
    },
  );
  await answer.body?.cancel();
  return { status: answer.status, challenge: answer.headers.get("www-authenticate") };
}
