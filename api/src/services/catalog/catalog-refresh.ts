import type { Database, McpServer } from "@gatehouse/prisma";
import { listTools, type Tool } from "#mcp/calls/catalog.ts";
import type { Failure } from "#mcp/connection/classify-error.ts";
import { stripUrl } from "#oauth/secure-url.ts";
import type { Accounts } from "../grant/credentials.ts";
import type { BackgroundTasks } from "#async/background-tasks.ts";
import { readDatabaseTime } from "../access/database-time.ts";
import { askForOffers } from "./list-resources-and-prompts.ts";
import type { Reachability } from "../session/reachability.ts";
import { createFailureCache, type FailureCache } from "./failure-cache.ts";
import { createSingleFlight } from "#async/single-flight.ts";
import type { Stop } from "../grant/refusal.ts";
import type { CatalogAccount, StoredCatalogs } from "./stored-catalogs.ts";
import type { OpenToolSession } from "../session/mcp-sessions.ts";
import { describeFailure } from "../grant/refusal.ts";

export type DiscoveryOutcome = (
  | { kind: "tools"; tools: Tool[] }
  | { kind: "failed"; message: string; failure: Failure | null }
) & {
  /** The URL that was requested, without its query; null: no request was sent. */
  url: string | null;
  /** The status of the last response; null: there was none. */
  httpStatus: number | null;
};

/**
 * Requests lists from servers, one request at a time for each account in this process, and stores
 * the responses.
 */
export interface CatalogRefresh {
  /** Joins a request that is in progress, or, with `anew`, sends another one after it. */
  tools(server: McpServer, ownerId: string, order?: "share" | "anew"): Promise<DiscoveryOutcome>;
  /**
   * Requests resources, templates and prompts, and stores them with the tools, which must have been
   * requested before.
   */
  offers(server: McpServer, ownerId: string): Promise<void>;
  /** By the keys `keyOf` and `offersKeyOf`. */
  failures: FailureCache;
}

export interface CatalogRefreshDeps {
  db: Database;
  accounts: Accounts;
  openSession: OpenToolSession;
  stored: StoredCatalogs;
  reachability: Pick<Reachability, "store">;
  background: BackgroundTasks;
  clock: { monotonicMs(): number; now(): Date };
}

const discoveryTimeoutMs = 15_000;
/** For the first request of resources and prompts: tools may be requested again in the meantime. */
const mostAttempts = 3;

export function keyOf({ serverId, ownerId }: CatalogAccount): string {
  return `${serverId} ${ownerId}`;
}

export function offersKeyOf(account: CatalogAccount): string {
  return `offers ${keyOf(account)}`;
}

export function createCatalogRefresh(deps: CatalogRefreshDeps): CatalogRefresh {
  const { db, accounts, openSession, stored, background } = deps;
  /** Requests in progress. Concurrent callers share the result. */
  const toolRuns = createSingleFlight<DiscoveryOutcome>();
  const offerRuns = createSingleFlight<void>();
  const failures = createFailureCache(deps.clock);

  /**
   * Returns the result of background work. The work continues without the caller, and shutdown
   * waits for it.
   */
  function runBehind<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const outcome = Promise.withResolvers<T>();
    // The caller may be gone. The background has already logged the error.
    outcome.promise.catch(() => undefined);
    background.start(what, async (signal) => {
      const run = work(signal);
      run.then(outcome.resolve, outcome.reject);
      await run;
    });
    return outcome.promise;
  }

  async function askForTools(
    server: McpServer,
    ownerId: string,
    signal: AbortSignal,
  ): Promise<DiscoveryOutcome> {
    const startedMs = deps.clock.monotonicMs();
    const askedAt = await readDatabaseTime(db);
    const storeReachability = (message: string | null) =>
      deps.reachability.store(server.id, deps.clock.monotonicMs() - startedMs, message);
    const timeoutMs = Math.min(server.requestTimeoutMs, discoveryTimeoutMs);
    const url = stripUrl(server.url);
    let httpStatus: number | null = null;
    const onAnswer = (status: number) => (httpStatus = status);
    const answer = await openSession({ server, ownerId, timeoutMs, signal, onAnswer }, (session) =>
      listTools(session, undefined, signal),
    );
    if (answer.kind === "tools") {
      await accounts.accepted(server, ownerId);
      const { hasOffers } = await stored.storeTools(server, ownerId, answer, askedAt);
      await storeReachability(null);
      // Resources and prompts that were requested before are kept up to date in the background,
      // without delaying callers that wait for the tools.
      if (hasOffers) void refreshOffers(server, ownerId, "anew");
      return { kind: "tools", tools: answer.tools, url, httpStatus };
    }
    const message = describeFailure(answer);
    // A rejection counts as a response. If no request was sent, nothing was learned.
    if (answer.kind === "refused") {
      const stop = answer.stop as Stop | null;
      if (stop?.answered) await storeReachability(null);
    } else if (answer.kind !== "cancelled") await storeReachability(message);
    return { kind: "failed", message, failure: answer, url, httpStatus };
  }

  const askAndRemember = (server: McpServer, ownerId: string) =>
    runBehind("tool discovery", async (signal) => {
      const outcome = await askForTools(server, ownerId, signal);
      const key = keyOf({ serverId: server.id, ownerId });
      failures.note(key, server.configVersion, outcome.kind === "failed" ? outcome.message : null);
      return outcome;
    });

  function tools(
    server: McpServer,
    ownerId: string,
    order: "share" | "anew" = "share",
  ): Promise<DiscoveryOutcome> {
    // With different settings the request is a different one.
    const key = `${keyOf({ serverId: server.id, ownerId })} ${server.configVersion}`;
    return toolRuns[order](key, () => askAndRemember(server, ownerId));
  }

  function refreshOffers(
    server: McpServer,
    ownerId: string,
    order: "share" | "anew",
  ): Promise<void> {
    const account = { serverId: server.id, ownerId };
    return offerRuns[order](`${keyOf(account)} ${server.configVersion}`, () =>
      runBehind("discovery of resources and prompts", async (signal) => {
        const timeoutMs = Math.min(server.requestTimeoutMs, discoveryTimeoutMs);
        for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
          const [before] = await stored.readOffers([account]);
          if (!before) return;
          const isFirst = before.resources === null;
          const answer = await askForOffers(openSession, { server, ownerId, timeoutMs, signal });
          const failure = answer.kind === "offers" ? null : describeFailure(answer);
          failures.note(offersKeyOf(account), server.configVersion, failure);
          if (answer.kind !== "offers") return;
          const isStored = await stored.storeOffers(
            account,
            answer.learnt,
            before.fetchedAt,
            isFirst,
          );
          // If tools were requested in the meantime, that request has stored its own resources and
          // prompts, unless none were requested before.
          if (isStored || !isFirst) return;
        }
      }),
    );
  }

  return {
    tools,
    offers: (server, ownerId) => refreshOffers(server, ownerId, "share"),
    failures,
  };
}
