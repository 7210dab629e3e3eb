/** Chooses one of the authorization servers that a resource lists, and describes the others. */
import { findAuthorizationServer, guessAuthorizationServer } from "./authorization-server.ts";
import { differsBySlash, isSameOrigin } from "./issuer.ts";
import type { AuthorizationServer, AuthorizationServerAnswer } from "./authorization-server.ts";
import type { DiscoveryCache } from "./discovery-cache.ts";
import type { DiscoveryFault } from "./discovery-fault.ts";
import type { Fetch } from "./ports.ts";
import { mayNameIssuer, type ProviderProfiles } from "./provider-profiles.ts";
import { isSecureUrl } from "./secure-url.ts";
import type { StepRecorder } from "./flow-steps.ts";

export interface ChoiceOptions {
  fetch: Fetch;
  steps: StepRecorder;
  /**
   * Only this listed authorization server may be used: a pre-registered client is pinned to it, or
   * the user chose it.
   */
  chosenIssuer?: string | null;
  /** The authorization server set by an admin, which is used regardless of the list. */
  forcedIssuer?: string | null;
  /**
   * The authorization server of the owner's earlier grant, which is used again while it is listed.
   */
  earlierIssuer?: string | null;
  /** An issuer that an admin trusts although the metadata was found at another address of its origin. */
  trustedIssuer?: string | null;
  /** Whether to request all listed authorization servers if none of the above decides. */
  wantsAll?: boolean;
  /** Whether assumed endpoints are not recorded as a step, because they will not be used. */
  assumesQuietly?: boolean;
  cache?: DiscoveryCache;
  profiles: ProviderProfiles;
}

export type Choice =
  /** `others`: further usable ones, in the order listed; empty unless all were requested. */
  | { ok: true; metadata: AuthorizationServer; others: AuthorizationServer[] }
  | { ok: false; fault: DiscoveryFault };

/**
 * The maximum number that is tried, in the order listed, because third parties control the list.
 */
const maxAuthorizationServers = 5;

/** Returns the chosen one, the earlier one, or the first usable one. */
export async function chooseListed(
  listed: readonly string[],
  options: ChoiceOptions,
): Promise<Choice> {
  const { chosenIssuer, earlierIssuer, wantsAll } = options;
  if (chosenIssuer) {
    const chosen = findListed(listed, chosenIssuer, options);
    return chosen === undefined
      ? noteUnlisted(chosenIssuer, options)
      : await lookAt(chosen, options);
  }
  const earlier = earlierIssuer ? findListed(listed, earlierIssuer, options) : undefined;
  if (earlier !== undefined) {
    const choice = await lookAt(earlier, options);
    // A temporary failure is no reason to connect the account to a different authorization server.
    if (choice.ok || choice.fault.retryable) return choice;
  }
  const candidates = listed
    .filter((issuer) => issuer !== earlier)
    .slice(0, maxAuthorizationServers);
  return wantsAll ? await lookAtAll(candidates, options) : await findFirst(candidates, options);
}

/** Uses the authorization server in the settings, regardless of what the server declares. */
export async function useForced(
  issuer: string,
  listed: readonly string[],
  options: ChoiceOptions,
): Promise<Choice> {
  const known = findListed(listed, issuer, options) !== undefined;
  const detail = known
    ? "The settings specify this authorization server, and the server lists it."
    : "The settings specify this authorization server, but the server does not list it.";
  options.steps.note("AUTHORIZATION_SERVER_METADATA", "OK", detail, issuer);
  return await lookAt(issuer, options);
}

/**
 * Used if no authorization server is named: assumes one at the server's origin, as in the
 * 2025-03-26 revision.
 * @param found.flaw why none is named, if the server is faulty; it is reported if nothing is found
 * at the origin
 */
export async function assumeOrigin(
  serverUrl: URL,
  { mayGuess, flaw }: { mayGuess: boolean; flaw: DiscoveryFault | null },
  options: ChoiceOptions,
): Promise<Choice> {
  const { origin } = serverUrl;
  const spellings = [origin, `${origin}/`] as const;
  const { chosenIssuer, steps } = options;
  if (chosenIssuer && findListed(spellings, chosenIssuer, options) === undefined) {
    return noteUnlisted(chosenIssuer, options);
  }
  const answer = await findCached(spellings, options);
  if (answer.kind === "found") return { ok: true, metadata: answer.metadata, others: [] };
  if (answer.kind === "refused") return { ok: false, fault: answer.fault };
  if (flaw) {
    const detail = `${flaw.message} There is no authorization server at the server's address either.`;
    steps.note("PROTECTED_RESOURCE_METADATA", "FAILED", detail);
    return { ok: false, fault: flaw };
  }
  const guessed = guessAuthorizationServer(origin);
  if (!mayGuess || !answer.certain || !isSecureUrl(guessed.tokenEndpoint)) {
    return noteMissing(origin, answer.certain, options);
  }
  if (!options.assumesQuietly)
    steps.note(
      "AUTHORIZATION_SERVER_METADATA",
      "SKIPPED",
      "No metadata anywhere: default endpoints of the 2025-03-26 revision. PKCE is used, although nothing lists it as supported.",
      origin,
    );
  return { ok: true, metadata: guessed, others: [] };
}

/**
 * An issuer is stored as in its metadata. With a profile, resources may list it in a different
 * form.
 */
export function findListed(
  listed: readonly string[],
  issuer: string,
  { profiles, trustedIssuer }: Pick<ChoiceOptions, "profiles" | "trustedIssuer">,
): string | undefined {
  if (listed.includes(issuer)) return issuer;
  return listed.find(
    (one) =>
      mayNameIssuer(profiles.matchIssuer(one), one, issuer) ||
      differsBySlash(one, issuer) ||
      (issuer === trustedIssuer && isSameOrigin(one, issuer)),
  );
}

async function lookAt(issuer: string, options: ChoiceOptions): Promise<Choice> {
  const answer = await findCached([issuer], options);
  if (answer.kind === "found") return { ok: true, metadata: answer.metadata, others: [] };
  return answer.kind === "refused"
    ? { ok: false, fault: answer.fault }
    : noteMissing(issuer, answer.certain, options);
}

async function findFirst(candidates: readonly string[], options: ChoiceOptions): Promise<Choice> {
  let first: Choice | null = null;
  for (const issuer of candidates) {
    const choice = await lookAt(issuer, options);
    if (choice.ok) return choice;
    first ??= choice;
  }
  return first ?? failMissing(true);
}

async function lookAtAll(candidates: readonly string[], options: ChoiceOptions): Promise<Choice> {
  const choices = await Promise.all(candidates.map((issuer) => lookAt(issuer, options)));
  const working = choices.flatMap((choice) => (choice.ok ? [choice.metadata] : []));
  // Two listed URLs can lead to the same authorization server.
  const [metadata, ...others] = new Map(working.map((one) => [one.issuer, one])).values();
  return metadata ? { ok: true, metadata, others } : (choices[0] ?? failMissing(true));
}

async function findCached(
  issuers: readonly [string, ...string[]],
  { cache, fetch, steps, profiles, trustedIssuer = null }: ChoiceOptions,
): Promise<AuthorizationServerAnswer> {
  for (const issuer of issuers) {
    const metadata = cache?.get(issuer);
    if (!metadata) continue;
    steps.note("AUTHORIZATION_SERVER_METADATA", "SKIPPED", "Cached from a moment ago.", issuer);
    return { kind: "found", metadata };
  }
  const profile = profiles.matchIssuer(issuers[0]);
  const answer = await findAuthorizationServer({ issuers, profile, trustedIssuer, fetch, steps });
  // Metadata that one server's admin trusts is not that of the issuer for every server.
  if (answer.kind === "found" && answer.metadata.issuer !== trustedIssuer)
    cache?.set(answer.metadata);
  return answer;
}

/**
 * Each step only recorded that nothing was found at its URL; the failure of the whole search is a
 * separate step (regressions C11).
 */
function noteMissing(issuer: string, certain: boolean, { steps }: ChoiceOptions): Choice {
  const failure = failMissing(certain);
  steps.note("AUTHORIZATION_SERVER_METADATA", "FAILED", failure.fault.message, issuer);
  return failure;
}

function failMissing(certain: boolean): { ok: false; fault: DiscoveryFault } {
  return certain
    ? {
        ok: false,
        fault: {
          code: "METADATA_MISSING",
          message: "The authorization server publishes no metadata.",
          retryable: false,
        },
      }
    : {
        ok: false,
        fault: {
          code: "METADATA_UNAVAILABLE",
          message: "The authorization server's metadata could not be fetched.",
          retryable: true,
        },
      };
}

function noteUnlisted(issuer: string, { steps }: ChoiceOptions): Choice {
  const message = "The server does not list the chosen authorization server.";
  steps.note("AUTHORIZATION_SERVER_METADATA", "FAILED", message, issuer);
  return {
    ok: false,
    fault: { code: "AUTHORIZATION_SERVER_NOT_LISTED", message, retryable: false },
  };
}
