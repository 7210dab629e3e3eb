/**
 * The limit of step-ups: a server that never accepts a scope must not cause an endless number of
 * consents (MCP-AUTH-14).
 */
import { splitScopes } from "./scopes.ts";

/** The number of consents after which the same set of scopes is not requested again. */
const maxStepUps = 2;

/**
 * Whether consents have already requested all of these scopes the maximum number of times. Order
 * and repetitions do not matter, and a consent that requested additional scopes counts too.
 * @param stepUps the scopes of each consent that was caused by a 403 `insufficient_scope`
 * @param challenged the scopes of the current 403; empty: it names none
 */
export function isExhausted(stepUps: readonly string[], challenged: readonly string[]): boolean {
  const asked = stepUps.filter((scopes) => {
    const known = splitScopes(scopes);
    return challenged.length === 0
      ? known.length === 0
      : challenged.every((scope) => known.includes(scope));
  });
  return asked.length >= maxStepUps;
}
