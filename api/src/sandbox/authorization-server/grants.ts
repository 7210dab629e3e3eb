import type { Provider } from "oidc-provider";
import type { MemoryStore } from "./memory-store.ts";

/** A live consent, as its owner sees it. */
export interface ConnectedApp {
  readonly grantId: string;
  readonly clientName: string;
  readonly scopes: readonly string[];
  readonly sinceMs: number;
}

/** What a good access token says; `expiresAt` in seconds since 1970. */
export interface AccessTokenFacts {
  /** The client's id where it acts for itself. */
  readonly login: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly resource: string;
  readonly expiresAt: number;
}

/** The grants of people and the tokens made from them. */
export interface Grants {
  /** The applications that `login` has connected, newest first. */
  readonly list: (login: string) => Promise<ConnectedApp[]>;
  /** Ends one grant of `login` with all its tokens; false when there is no such grant. */
  readonly end: (login: string, grantId: string) => Promise<boolean>;
  /** Ends every grant of `login`; answers how many there were. */
  readonly endAll: (login: string) => Promise<number>;
  /** Makes every access token invalid and leaves refresh tokens and grants alone. */
  readonly expireAccessTokens: () => number;
  /** What the token says, or undefined when the token, its grant or its client is gone. */
  readonly verifyAccessToken: (value: string) => Promise<AccessTokenFacts | undefined>;
}

type Token = InstanceType<Provider["AccessToken"]> | InstanceType<Provider["ClientCredentials"]>;

export function createGrants(provider: Provider, store: MemoryStore): Grants {
  const grantIdsOf = (login: string) =>
    store.list("Grant").flatMap(({ accountId, jti }) => (accountId === login && jti ? [jti] : []));

  const endGrant = async (grantId: string) => {
    const models = [provider.AccessToken, provider.RefreshToken, provider.AuthorizationCode];
    await Promise.all(models.map((model) => model.revokeByGrantId(grantId)));
    await (await provider.Grant.find(grantId))?.destroy();
  };

  const end = async (login: string, grantId: string) => {
    if (!grantIdsOf(login).includes(grantId)) return false;
    await endGrant(grantId);
    return true;
  };

  const describeToken = async (
    { isValid, clientId, exp, aud, scope }: Token,
    login: string,
  ): Promise<AccessTokenFacts | undefined> => {
    if (!isValid || !clientId || !exp || typeof aud !== "string") return undefined;
    if (!(await provider.Client.find(clientId))) return undefined;
    return { login, clientId, scopes: scope?.split(" ") ?? [], resource: aud, expiresAt: exp };
  };

  /** A token that a client got for itself: there is no grant behind it. */
  const verifyClientToken = async (value: string): Promise<AccessTokenFacts | undefined> => {
    const token = await provider.ClientCredentials.find(value);
    return token?.clientId ? describeToken(token, token.clientId) : undefined;
  };

  return {
    end,
    async list(login) {
      const apps = grantIdsOf(login).map(async (grantId): Promise<ConnectedApp[]> => {
        const grant = await provider.Grant.find(grantId);
        if (!grant) return [];
        const client = grant.clientId ? await provider.Client.find(grant.clientId) : undefined;
        return [
          {
            grantId,
            clientName: client?.clientName ?? "An application without a name",
            scopes: [grant.getOIDCScope(), ...Object.values(grant.resources ?? {})]
              .join(" ")
              .split(" "),
            sinceMs: grant.iat * 1000,
          },
        ];
      });
      return (await Promise.all(apps)).flat().toReversed();
    },
    async endAll(login) {
      const ended = await Promise.all(grantIdsOf(login).map((grantId) => end(login, grantId)));
      return ended.filter(Boolean).length;
    },
    expireAccessTokens: () =>
      store.remove("AccessToken", () => true) + store.remove("ClientCredentials", () => true),
    async verifyAccessToken(value) {
      const token = await provider.AccessToken.find(value);
      if (!token) return verifyClientToken(value);
      // Asked each time, so that an ended grant is refused by the very next request.
      const grant = await provider.Grant.find(token.grantId);
      return grant && describeToken(token, token.accountId);
    },
  };
}
