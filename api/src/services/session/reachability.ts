import { LRUCache } from "lru-cache";
import type { Changes } from "#events/changes.ts";
import type { Database, McpServer } from "@gatehouse/prisma";
import type { Failure } from "#mcp/connection/classify-error.ts";
import type { BackgroundTasks } from "#async/background-tasks.ts";
import type { Stop } from "../grant/refusal.ts";
import type { OpenToolSession } from "./mcp-sessions.ts";
import { describeFailure } from "../grant/refusal.ts";

/** Stores whether servers responded when they were last contacted. */
export interface Reachability {
  /**
   * Stores the result unless a newer one is stored.
   * @param elapsedMs the time since the server was contacted, in milliseconds
   * @param message why the server did not respond; null: it did
   */
  store(serverId: string, elapsedMs: number, message: string | null): Promise<void>;
  /**
   * Wraps a session opener so that every exchange updates the stored state: immediately if it
   * changes, otherwise once a minute.
   */
  watch(openSession: OpenToolSession): OpenToolSession;
}

export interface ReachabilityDeps {
  db: Database;
  background: BackgroundTasks;
  clock: { monotonicMs(): number };
  changes: Pick<Changes, "server">;
}

interface Noted {
  isReachable: boolean;
  atMs: number;
}

/** The maximum age of the stored time of the last contact, in milliseconds. */
const refreshAfterMs = 60_000;
const mostRemembered = 10_000;
/** A gateway sends these for a server that does not respond. */
const gatewayErrors = new Set([502, 503, 504]);

export function createReachability(deps: ReachabilityDeps): Reachability {
  const { db, clock } = deps;
  /** The last state that this process stored, so that most calls need no write. */
  const noted = new LRUCache<string, Noted>({ max: mostRemembered });

  async function store(serverId: string, elapsedMs: number, message: string | null): Promise<void> {
    const state = message === null ? "REACHABLE" : "UNREACHABLE";
    const changed = await db.$queryRaw<{ isChanged: boolean }[]>`
      UPDATE "McpServer" SET "reachability" = ${state}::"ReachabilityState", "reachabilityMessage" = ${message},
        "reachabilityCheckedAt" = clock_timestamp() - make_interval(secs => ${elapsedMs / 1_000}::float8)
      WHERE "id" = ${serverId}::uuid AND ("reachabilityCheckedAt" IS NULL
        OR "reachabilityCheckedAt" <= clock_timestamp() - make_interval(secs => ${elapsedMs / 1_000}::float8))
      RETURNING old."reachability" IS DISTINCT FROM new."reachability" AS "isChanged"`;
    if (changed.some(({ isChanged }) => isChanged)) deps.changes.server(serverId);
  }

  function note(server: McpServer, startedMs: number, verdict: Verdict): void {
    if (!verdict) return;
    const nowMs = clock.monotonicMs();
    const isReachable = verdict.message === null;
    const last = noted.get(server.id);
    const stored = last?.isReachable ?? server.reachability === "REACHABLE";
    const isRecent = last !== undefined && nowMs - last.atMs < refreshAfterMs;
    if (stored === isReachable && isRecent) return;
    noted.set(server.id, { isReachable, atMs: nowMs });
    deps.background.start("update of a server's reachability", async () => {
      try {
        await store(server.id, clock.monotonicMs() - startedMs, verdict.message);
      } catch (error) {
        // The next exchange retries it.
        noted.delete(server.id);
        throw error;
      }
    });
  }

  return {
    store,
    watch: (openSession) => async (target, use) => {
      const startedMs = clock.monotonicMs();
      const answer = await openSession(target, use);
      note(target.server, startedMs, judge(answer));
      return answer;
    },
  };
}

/** Null: the exchange says nothing about the reachability of the server. */
type Verdict = { message: string | null } | null;

function judge(answer: unknown): Verdict {
  if (!isFailure(answer)) return { message: null };
  switch (answer.kind) {
    case "unreachable":
      return answer.httpStatus === null || gatewayErrors.has(answer.httpStatus)
        ? { message: describeFailure(answer) }
        : { message: null };
    case "refused":
      return (answer.stop as Stop | null)?.answered ? { message: null } : null;
    case "protocol-error":
      return { message: null };
    // A tool can be slow although its server is not.
    case "timed-out":
    case "cancelled":
      return null;
  }
}

const failureKinds: Record<Failure["kind"], true> = {
  "timed-out": true,
  cancelled: true,
  refused: true,
  unreachable: true,
  "protocol-error": true,
};

/** Whether the result of an exchange with a server is a failure. */
export function isFailure(answer: unknown): answer is Failure {
  return (
    typeof answer === "object" &&
    answer !== null &&
    "kind" in answer &&
    typeof answer.kind === "string" &&
    answer.kind in failureKinds
  );
}
