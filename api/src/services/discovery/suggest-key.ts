/** Guesses from a rejection in which header a server expects its key. */
import { parseChallenges } from "#oauth/challenge.ts";

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

/**
 * Null if the response says nothing about it.
 * @param wwwAuthenticate RFC 9110 §11.6.1
 * @param text the beginning of the body
 */
export function suggestKey(
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
