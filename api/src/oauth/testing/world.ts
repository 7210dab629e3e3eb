/**
 * A test setup for the refresher: one database, one authorization server, any number of processes,
 * and virtual time.
 */
import type { AccessTokenAnswer } from "../access-token.ts";
import { createFakeTokenEndpoint, type FakeTokenEndpoint } from "./token-endpoint.ts";
import { createMemoryGrants, type MemoryGrants } from "./memory-grants.ts";
import type { Grant, GrantStore, IssuedTokens } from "../ports.ts";
import type { RefresherOptions, RefreshReport } from "../refresh-flight.ts";
import { createProfiles } from "../provider-profiles.ts";
import { createRefresher, type Refresher } from "../refresher.ts";
import { signTestAssertion } from "./assertion.ts";
import { createVirtualTime, type VirtualTime } from "./virtual-time.ts";

export const grantId = "grant-1";

const never = new Promise<never>(() => {});

export type StoreMethod = keyof GrantStore;

export interface TestProcess {
  refresher: Refresher;
  ask(options?: Parameters<Refresher["accessToken"]>[1]): Promise<AccessTokenAnswer>;
  reports: RefreshReport[];
  revoked: IssuedTokens[];
  /** Methods for which the database is unavailable. */
  unreachable: Set<StoreMethod | "revokeLater">;
  /** All calls to the database, in order. */
  calls: StoreMethod[];
  /** Simulates a killed process: no further calls, responses or timers. */
  kill(): void;
}

export interface TestWorld {
  time: VirtualTime;
  grants: MemoryGrants;
  endpoint: FakeTokenEndpoint;
  startProcess(overrides?: Partial<RefresherOptions>): TestProcess;
  /** Replaces the grant like a new consent, or changes it before anything runs. */
  putGrant(overrides?: Partial<Omit<Grant, "sinceRefusalMs" | "retryInMs">>): void;
}

/** Creates a setup whose grant has an expired one-hour access token and a valid refresh token. */
export function createTestWorld(
  options: {
    grant?: Partial<Omit<Grant, "sinceRefusalMs" | "retryInMs">>;
    endpoint?: Parameters<typeof createFakeTokenEndpoint>[0];
  } = {},
): TestWorld {
  const time = createVirtualTime();
  const grants = createMemoryGrants({ nowMs: time.monotonicMs, sleep: time.sleep });
  const endpoint = createFakeTokenEndpoint(options.endpoint);
  const world: TestWorld = {
    time,
    grants,
    endpoint,
    putGrant(overrides = {}) {
      grants.put({
        id: grantId,
        serverId: "server-1",
        ownerId: "owner",
        grantType: "AUTHORIZATION_CODE",
        issuer: "https://as.example",
        tokenEndpoint: "https://as.example/token",
        revocationEndpoint: null,
        resource: "https://mcp.example/mcp",
        profile: null,
        client: {
          id: "client-row-1",
          clientId: "client-1",
          clientSecret: null,
          privateKey: null,
          signingAlgorithm: null,
          tokenEndpointAuthMethod: "none",
        },
        accessToken: "access-0",
        expiresInMs: 0,
        lifetimeMs: 3_600_000,
        refreshToken: "refresh-0",
        requestedScopes: ["read"],
        grantedScopes: ["read"],
        version: 1,
        ...overrides,
      });
    },
    startProcess(overrides = {}) {
      const reports: RefreshReport[] = [];
      const revoked: IssuedTokens[] = [];
      const unreachable: TestProcess["unreachable"] = new Set();
      const calls: StoreMethod[] = [];
      let killed = false;
      const live = async <T>(run: () => Promise<T>): Promise<T> => {
        if (killed) return await never;
        const answer = await run();
        return killed ? await never : answer;
      };
      const store = overrides.grants ?? watchStore(grants.connect(), calls, unreachable);
      const fetchFor = overrides.fetchFor ?? (async () => endpoint.fetch);
      const refresher = createRefresher({
        clock: time,
        profiles: createProfiles([]),
        signAssertion: signTestAssertion,
        revokeLater: async (_grant, tokens) => {
          if (unreachable.has("revokeLater")) throw new Error("the database is out of reach");
          revoked.push(tokens);
        },
        onSettled: (report) => reports.push(report),
        ...overrides,
        grants: interceptStore(store, (_method, run) => live(run)),
        fetchFor: async (...args) => {
          const fetch = await live(() => fetchFor(...args));
          return (input, init) => live(() => fetch(input, init));
        },
        sleep: (ms, signal) => live(() => (overrides.sleep ?? time.sleep)(ms, signal)),
      });
      const kill = (): void => {
        killed = true;
      };
      const ask: TestProcess["ask"] = (wish) => refresher.accessToken(grantId, wish);
      return { refresher, ask, reports, revoked, unreachable, calls, kill };
    },
  };
  world.putGrant(options.grant);
  return world;
}

function watchStore(
  store: GrantStore,
  calls: StoreMethod[],
  unreachable: TestProcess["unreachable"],
): GrantStore {
  return interceptStore(store, async (method, run) => {
    calls.push(method);
    if (unreachable.has(method)) throw new Error("the database is out of reach");
    return await run();
  });
}

/** Wraps every call to the database. */
export function interceptStore(
  store: GrantStore,
  around: <T>(method: StoreMethod, run: () => Promise<T>) => Promise<T>,
): GrantStore {
  return {
    read: (...args) => around("read", () => store.read(...args)),
    takeLease: (...args) => around("takeLease", () => store.takeLease(...args)),
    storeTokens: (...args) => around("storeTokens", () => store.storeTokens(...args)),
    markDead: (...args) => around("markDead", () => store.markDead(...args)),
    release: (...args) => around("release", () => store.release(...args)),
    changed: (...args) => around("changed", () => store.changed(...args)),
  };
}

/** Advances the time in small steps until the promise is settled. */
export async function advanceUntil<T>(
  time: VirtualTime,
  promise: Promise<T>,
  limitMs: number,
): Promise<T> {
  let settled = false;
  const watched = promise.finally(() => {
    settled = true;
  });
  watched.catch(() => {});
  for (let passed = 0; passed <= limitMs && !settled; passed += 500) await time.advance(500);
  if (!settled) throw new Error(`Not settled after ${limitMs} ms`);
  return await watched;
}
