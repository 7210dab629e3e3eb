/** Guesses in which header a server expects its key. */
import type { ProbeAnswer } from "#mcp/connection/probe.ts";
import { parseChallenges } from "#oauth/challenge.ts";
import { findKnownServer } from "./known-servers.ts";

export interface SuggestedHeader {
  name: string;
  /** The word before the key, such as Bearer. Null: the value is the key alone. */
  scheme: string | null;
}

/** Names of headers that carry a key, as servers state them in their texts. */
const keyHeader = /\bx-(?:[a-z0-9]+-)*(?:api-?key|key|token|auth|secret)(?:-[a-z0-9]+)*\b/i;
const headerName = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}$/;
/** In the order of preference. */
const schemes = ["ApiKey", "Bearer", "Basic"];
const mostCharacters = 4_096;

/** The documented header of a well-known server, otherwise what the rejection of a request without a key says. Null if it says nothing. */
export function suggestHeader(url: string, probe: ProbeAnswer): SuggestedHeader | null {
  const documented = findKnownServer(url)?.keyHeader;
  if (documented) return documented;
  return probe.kind === "unauthorized" ? readRejection(probe.wwwAuthenticate, probe.text) : null;
}

/**
 * @param wwwAuthenticate RFC 9110 §11.6.1
 * @param text the beginning of the body
 */
function readRejection(
  wwwAuthenticate: string | null,
  text: string | null,
): SuggestedHeader | null {
  const challenges = parseChallenges((wwwAuthenticate ?? "").slice(0, mostCharacters));
  for (const { params } of challenges) {
    const named = params.get("header") ?? params.get("header_name") ?? params.get("name");
    if (named && headerName.test(named)) return { name: named, scheme: null };
  }
  const texts = [...challenges.flatMap(({ params }) => [...params.values()]), text ?? ""];
  for (const one of texts) {
    const [name] = keyHeader.exec(one.slice(0, mostCharacters)) ?? [];
    if (name) return { name, scheme: null };
  }
  const scheme = schemes.find((known) =>
    challenges.some((challenge) => challenge.scheme === known.toLowerCase()),
  );
  return scheme ? { name: "Authorization", scheme } : null;
}
