/** The bound of step-up: a server that is never content must not send people to consent pages for ever (MCP-AUTH-14). */
import { splitScopes } from "./scopes.ts";

/** A scope set that a consent has asked for so often is not asked for again. */
const maxStepUps = 2;

/**
 * Whether consents have asked for all of these scopes as often as anybody should be made to. Order and repetitions do not matter, and
 * a consent that asked for more has asked for these too.
 * @param stepUps a scope set per consent that a 403 `insufficient_scope` led to
 * @param challenged what the 403 asks for now; empty: it names nothing
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
