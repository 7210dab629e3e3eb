/**
 * Converts requests and responses between the form of the specifications and the form of a provider
 * that deviates from them.
 */
import type { Deviations } from "./provider-profiles.ts";

/** The value to send as `resource` (RFC 8707 §2); null: none. */
export function chooseSentResource(resource: string, deviations: Deviations): string | null {
  return deviations["no-resource-parameter"] ? null : resource;
}

/** Adapts an authorization request to the provider. Modifies `url`. */
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

/** Converts the response of a token endpoint to the form of RFC 6749 §5. */
export function standardizeTokenAnswer(
  body: Record<string, unknown>,
  deviations: Deviations,
): Record<string, unknown> {
  const { error } = body;
  const known = deviations["error-codes"];
  // Own properties only: `constructor` is not an error code.
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

/** Responses to a refresh may have the tokens at the standard position. */
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
