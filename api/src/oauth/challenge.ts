/**
 * Parses `WWW-Authenticate` by the grammar of RFC 9110 §11.6.1. The SDK reads only one scheme, and
 * takes parameters from quoted text.
 */

export interface Challenge {
  /** In lower case, because schemes are case-insensitive. */
  scheme: string;
  token68: string | null;
  /** Names in lower case, values without quotes. Of a repeated name the first one counts. */
  params: ReadonlyMap<string, string>;
}

/** The parameters of a Bearer challenge (RFC 6750 §3, RFC 9728 §5.1). */
export interface BearerChallenge {
  scope?: string;
  resourceMetadata?: string;
  error?: string;
  errorDescription?: string;
}

const tokenCharacter = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/;
const bareCharacter = /[^\s,"]/;
const token68Character = /[A-Za-z0-9\-._~+/]/;

/**
 * Parses all challenges of a field value; several values that are joined by commas are one value.
 * Malformed parts are skipped up to the next comma outside of quotes. Never throws, and takes time
 * linear in the length.
 */
export function parseChallenges(headerValue: string): Challenge[] {
  const challenges: (Challenge & { params: Map<string, string> })[] = [];
  let at = 0;

  /** Returns true if there was at least one. */
  const skipBlanks = (): boolean => {
    const from = at;
    while (headerValue[at] === " " || headerValue[at] === "\t") at++;
    return at > from;
  };
  const readWhile = (pattern: RegExp): string => {
    const from = at;
    while (at < headerValue.length && pattern.test(headerValue.charAt(at))) at++;
    return headerValue.slice(from, at);
  };
  const endsElement = (): boolean => at >= headerValue.length || headerValue[at] === ",";
  /** Called at a quote. Null if it is not closed, because the rest cannot be trusted. */
  const readQuoted = (): string | null => {
    let value = "";
    for (at++; at < headerValue.length; at++) {
      const character = headerValue.charAt(at);
      if (character === '"') {
        at++;
        return value;
      }
      if (character === "\\") at++;
      value += headerValue.charAt(at);
    }
    return null;
  };
  const skipElement = (): void => {
    while (!endsElement()) {
      if (headerValue[at] === '"') readQuoted();
      else at++;
    }
  };
  /**
   * Called after a name. Returns "none" and moves back to where it started if no `= value` follows,
   * and "broken" if the value is invalid.
   */
  const readParam = (
    name: string,
    params: Map<string, string> | undefined,
  ): "read" | "broken" | "none" => {
    const from = at;
    skipBlanks();
    if (headerValue[at] !== "=") {
      at = from;
      return "none";
    }
    at++;
    skipBlanks();
    // Accepts more characters than a token, because some servers do not quote URLs.
    const value = headerValue[at] === '"' ? readQuoted() : readWhile(bareCharacter);
    const afterBlank = skipBlanks();
    if (value === null || !(endsElement() || afterBlank)) return "broken";
    const key = name.toLowerCase();
    if (params && !params.has(key)) params.set(key, value);
    return "read";
  };
  /** Called after a scheme and the following space. */
  const readCredentials = (
    params: Map<string, string>,
  ): { token68: string | null; done: boolean } => {
    const from = at;
    const candidate = readWhile(token68Character) + readWhile(/=/);
    skipBlanks();
    if (candidate !== "" && endsElement()) return { token68: candidate, done: true };
    at = from;
    const name = readWhile(tokenCharacter);
    return { token68: null, done: name !== "" && readParam(name, params) === "read" };
  };

  while (at < headerValue.length) {
    skipBlanks();
    if (headerValue[at] === ",") {
      at++;
      continue;
    }
    const name = readWhile(tokenCharacter);
    const param = name === "" ? "broken" : readParam(name, challenges.at(-1)?.params);
    // Some servers separate parameters with spaces instead of commas, so parsing continues here.
    if (param === "read") continue;
    if (param === "none") {
      const afterBlank = skipBlanks();
      if (endsElement()) {
        challenges.push({ scheme: name.toLowerCase(), token68: null, params: new Map() });
      } else if (afterBlank) {
        const params = new Map<string, string>();
        const { token68, done } = readCredentials(params);
        challenges.push({ scheme: name.toLowerCase(), token68, params });
        if (done) continue;
      }
    }
    skipElement();
  }
  return challenges;
}

/**
 * The Bearer challenge in all `WWW-Authenticate` values; if there are several, the one that
 * contains the URL of its metadata. Null: none.
 */
export function findBearerChallenge(headers: Headers): BearerChallenge | null {
  const bearers = parseChallenges(headers.get("www-authenticate") ?? "").filter(
    ({ scheme }) => scheme === "bearer",
  );
  const challenge = bearers.find(({ params }) => params.has("resource_metadata")) ?? bearers[0];
  if (!challenge) return null;
  const scope = challenge.params.get("scope");
  const resourceMetadata = challenge.params.get("resource_metadata");
  const error = challenge.params.get("error");
  const errorDescription = challenge.params.get("error_description");
  return {
    ...(scope ? { scope } : {}),
    ...(resourceMetadata ? { resourceMetadata } : {}),
    ...(error ? { error } : {}),
    ...(errorDescription ? { errorDescription } : {}),
  };
}
