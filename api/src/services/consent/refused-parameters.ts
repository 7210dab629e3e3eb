/** What an authorization server refuses is left out of the next attempt (regressions I11, I14). */
import type { OAuthFlow } from "@gatehouse/prisma";
import type { StepRecorder } from "#oauth/flow-steps.ts";
import type { IssuerRefusals, IssuerRefusalStore } from "#storage/issuer-refusal-store.ts";

const offlineAccess = "offline_access";

/** Remembers the parameter that an error of the authorization server refers to, if the request contained it. */
export async function noteRefusedParameter(
  store: Pick<IssuerRefusalStore, "note">,
  flow: Pick<OAuthFlow, "workspaceId" | "resource" | "requestedScopes">,
  issuer: string,
  errorCode: string | null,
  steps: StepRecorder,
): Promise<void> {
  if (errorCode === "invalid_target" && flow.resource !== null) {
    await store.note(flow.workspaceId, issuer, "resource");
    steps.note("CALLBACK", "SKIPPED", "Later attempts leave out the resource parameter.", issuer);
  }
  if (errorCode === "invalid_scope" && flow.requestedScopes.includes(offlineAccess)) {
    await store.note(flow.workspaceId, issuer, "offlineAccess");
    steps.note("CALLBACK", "SKIPPED", "Later attempts leave out the scope offline_access.", issuer);
  }
}

/** Leaves out what the authorization server refused before, and says so in the steps. */
export function leaveOutRefused(
  refusals: IssuerRefusals,
  target: { resource: string | null; requestedScopes: string[] },
  issuer: string,
  steps: StepRecorder,
): { resource: string | null; requestedScopes: string[] } {
  let { resource, requestedScopes } = target;
  if (refusals.resource && resource !== null) {
    resource = null;
    const detail = "The resource parameter is left out, because it was refused before.";
    steps.note("AUTHORIZATION_SERVER_METADATA", "SKIPPED", detail, issuer);
  }
  if (refusals.offlineAccess && requestedScopes.includes(offlineAccess)) {
    requestedScopes = requestedScopes.filter((scope) => scope !== offlineAccess);
    const detail =
      "The scope offline_access is left out, because it was refused before. No refresh token will be issued.";
    steps.note("AUTHORIZATION_SERVER_METADATA", "SKIPPED", detail, issuer);
  }
  return { resource, requestedScopes };
}

/**
 * The scopes to request if the authorization server refused a request that named none (regressions I15): those that it lists. Empty: none
 * are known, or the attempt failed for another reason.
 */
export function suggestScopes(
  flow: Pick<OAuthFlow, "status" | "errorDetail" | "requestedScopes" | "authorizationServer">,
): string[] {
  const { status, errorDetail, requestedScopes, authorizationServer } = flow;
  const isAboutScopes = /\bscopes?\b|\binvalid_scope\b/i.test(errorDetail ?? "");
  if (status !== "FAILED" || !isAboutScopes || requestedScopes.length > 0) return [];
  const metadata = authorizationServer as { scopesSupported?: string[] | null } | null;
  return (metadata?.scopesSupported ?? []).slice(0, mostSuggested);
}

const mostSuggested = 100;
