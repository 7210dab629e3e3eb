import { createHash, randomBytes } from "node:crypto";

/** What a person consented to. */
export interface ConsentRecord {
  clientId: string;
  redirectUri: string;
  /** S256; null: PKCE was not used. */
  codeChallenge: string | null;
  scopes: string[];
  /** Whether a refresh token goes with it. */
  offline: boolean;
}

/** Codes and tokens of one small authorization server, in memory. */
export interface TokenBook {
  issueCode(consent: ConsentRecord): string;
  /** Once, and only with the verifier and the redirect URI that belong to it; null otherwise. */
  redeemCode(form: URLSearchParams): ConsentRecord | null;
  issueAccessToken(): string;
  isGood(accessToken: string): boolean;
  issueRefreshToken(): string;
  holdsRefreshToken(refreshToken: string): boolean;
  dropRefreshToken(refreshToken: string): void;
  expireAccessTokens(): void;
  endAllGrants(): void;
}

export function createTokenBook(prefix: string): TokenBook {
  const codes = new Map<string, ConsentRecord>();
  const accessTokens = new Set<string>();
  const refreshTokens = new Set<string>();
  const name = (kind: string): string => `${prefix}-${kind}-${randomBytes(12).toString("hex")}`;

  return {
    issueCode(consent) {
      const code = name("code");
      codes.set(code, consent);
      return code;
    },
    redeemCode(form) {
      const code = form.get("code") ?? "";
      const consent = codes.get(code);
      codes.delete(code);
      if (!consent || form.get("redirect_uri") !== consent.redirectUri) return null;
      const verifier = form.get("code_verifier") ?? "";
      const challenge = createHash("sha256").update(verifier).digest("base64url");
      return consent.codeChallenge === null || consent.codeChallenge === challenge ? consent : null;
    },
    issueAccessToken() {
      const token = name("access");
      accessTokens.add(token);
      return token;
    },
    isGood: (token) => accessTokens.has(token),
    issueRefreshToken() {
      const token = name("refresh");
      refreshTokens.add(token);
      return token;
    },
    holdsRefreshToken: (token) => refreshTokens.has(token),
    dropRefreshToken: (token) => void refreshTokens.delete(token),
    expireAccessTokens: () => accessTokens.clear(),
    endAllGrants() {
      accessTokens.clear();
      refreshTokens.clear();
    },
  };
}
