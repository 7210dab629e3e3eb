/** Where a provider's requests and answers have another shape than the specifications', one is turned into the other here. */
import type { Deviations } from "./provider-profiles.ts";

/** What is sent as `resource` (RFC 8707 §2); null: nothing. */
export function chooseSentResource(resource: string, deviations: Deviations): string | null {
  return deviations["no-resource-parameter"] ? null : resource;
}

/** An authorization request as the provider reads it. `url` is changed. */
export function shapeAuthorizationRequest(url: URL, deviations: Deviations): void {
  const { searchParams } = url;
  const scope = searchParams.get("scope");
  if (deviations["user-scope"] && scope !== null) {
    searchParams.delete("scope");
    searchParams.set("user_scope", scope);
  }
  if (deviations["no-consent-prompt"]) searchParams.delete("prompt");
  for (const [name, value] of Object.entries(deviations["authorization-parameters"] ?? {})) {
    searchParams.set(name, value);
  }
}

/** A token endpoint's answer as RFC 6749 §5 describes it. */
export function standardizeTokenAnswer(
  body: Record<string, unknown>,
  deviations: Deviations,
): Record<string, unknown> {
  const { error } = body;
  const known = deviations["error-codes"];
  // Own members only: `constructor` is no code.
  if (typeof error === "string" && known && Object.hasOwn(known, error)) {
    return { ...body, error: known[error] };
  }
  const answer = { ...findTokens(body, deviations["nested-token"]) };
  const { token_type: type, scope } = answer;
  if (typeof type === "string" && deviations["token-types"]?.includes(type)) {
    answer["token_type"] = "Bearer";
  }
  if (typeof scope === "string" && deviations["comma-scopes"]) {
    answer["scope"] = scope.replaceAll(",", " ");
  }
  return answer;
}

/** Answers to a refresh may hold the tokens where everybody else's do. */
function findTokens(
  body: Record<string, unknown>,
  member: string | undefined,
): Record<string, unknown> {
  const nested: unknown = member === undefined ? null : body[member];
  return isObject(nested) && "access_token" in nested ? nested : body;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
