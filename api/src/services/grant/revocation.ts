import type { Database } from "@gatehouse/prisma";
import type { Clock, Sleep } from "#oauth/ports.ts";
import type {
  LeasedTask,
  RevocationAccount,
  RevocationCause,
  RevocationReceipt,
  RevocationStore,
  TokensToRevoke,
} from "#storage/revocation-store.ts";
import type { BackgroundTasks } from "#async/background-tasks.ts";
import { type RevocationRequestDeps, requestRevocation } from "./revocation-request.ts";
import { backoffMs } from "#async/backoff.ts";

/**
 * Revokes tokens and deletes client registrations at their authorization servers, using an outbox: the transaction that ends a grant also
 * writes the task, any process can perform it, and its result is recorded in the event log.
 */
export interface Revocation {
  /** Processes the outbox now, in the background. Should be called after a commit that wrote a task. */
  kick(): void;
  /**
   * Revokes tokens that were issued but not stored in a grant. If the database is not available, writing the task is retried until it
   * succeeds or the process ends.
   */
  revokeOrphan(tokens: TokensToRevoke, cause: RevocationCause): void;
  /**
   * Called before a consent starts: attempts the account's pending revocations once more. Those that fail are postponed until the consent
   * has ended, and are not made if it resulted in a grant, so that a late revocation never ends the new grant.
   */
  settle(account: RevocationAccount): Promise<void>;
  /**
   * Like `settle`, but called before the tokens of a consent are requested, and without another attempt: only waits for requests in
   * progress.
   */
  hold(account: RevocationAccount): Promise<void>;
}

export interface RevocationDeps extends RevocationRequestDeps {
  db: Database;
  store: RevocationStore;
  background: BackgroundTasks;
  clock: Clock;
  sleep: Sleep;
  log(message: string, details: object): void;
}

const leaseMs = 30_000;
/** No request is sent under a lease older than this, so that two requests with their timeouts end before the lease does. */
const lastSendMs = 15_000;
const requestDeadlineMs = 7_000;
/** The number of tasks that are leased together and processed concurrently. */
const batchSize = 8;
const giveUpAfterMs = 24 * 60 * 60_000;
const firstDelayMs = 1_000;
const longestDelayMs = 30 * 60_000;
/** The delay for a task that cannot be decrypted. It causes no harm, and waits until the missing key is available again. */
const unopenedDelayMs = 5 * 60_000;
/** The maximum duration of a consent attempt: ten minutes, and one minute for its last step. */
const consentMs = 11 * 60_000;
const exchangeMs = 60_000;
const pollMs = 100;
const outcomes = {
  confirmed: "CONFIRMED",
  unsupported: "UNSUPPORTED",
  refused: "REFUSED",
} as const;

/** @returns the delay before the next attempt, in milliseconds */
export function backOff(attempts: number, retryAfterMs: number | null): number {
  return Math.max(
    backoffMs(attempts - 1, firstDelayMs, longestDelayMs),
    Math.min(retryAfterMs ?? 0, longestDelayMs),
  );
}

export function createRevocation(deps: RevocationDeps): Revocation {
  const { db, store, background, clock } = deps;
  let isRunning = false;
  let isKicked = false;

  /** @param waitMs the minimum delay before another attempt after this one */
  async function attempt(
    task: LeasedTask,
    leasedAtMs: number,
    signal: AbortSignal,
    waitMs = 0,
  ): Promise<void> {
    let tried: Awaited<ReturnType<typeof requestRevocation>>;
    try {
      tried = await requestRevocation(deps, task, {
        beforeSend() {
          if (clock.monotonicMs() - leasedAtMs > lastSendMs)
            throw new Error("The lease is too old to send anything under it.");
        },
        deadlineMs: requestDeadlineMs,
        signal,
      });
    } catch (error) {
      deps.log("a revocation could not be tried", {
        taskId: task.id,
        error: error instanceof Error ? error.name : "unknown",
      });
      await store.giveBack(task, { attempts: task.attempts, inMs: unopenedDelayMs });
      return;
    }
    const tell = (outcome: string, httpStatus: number | null) =>
      deps.log("revocation", {
        taskId: task.id,
        kind: task.kind,
        issuer: task.issuer,
        outcome,
        httpStatus,
      });
    const finish = async (receipt: RevocationReceipt) => {
      if (await store.finish(task, receipt)) tell(receipt.outcome, receipt.httpStatus);
    };
    if (tried.kind === "broken") {
      const receipt = { outcome: "GIVEN_UP", attempts: task.attempts, httpStatus: null } as const;
      if (task.ageMs >= giveUpAfterMs) return finish(receipt);
      tell("BROKEN", null);
      return store.giveBack(task, { attempts: task.attempts, inMs: unopenedDelayMs });
    }
    if (tried.kind === "shared")
      return finish({ outcome: "KEPT_SHARED", attempts: task.attempts, httpStatus: null });
    const { answer } = tried;
    const { httpStatus } = answer;
    // Aborted because this process is shutting down. Another process continues immediately, and the attempt does not count.
    if (answer.kind === "transient" && signal.aborted)
      return store.giveBack(task, { attempts: task.attempts, inMs: waitMs });
    const attempts = task.attempts + 1;
    if (answer.kind !== "transient")
      return finish({ outcome: outcomes[answer.kind], attempts, httpStatus });
    if (task.ageMs >= giveUpAfterMs) return finish({ outcome: "GIVEN_UP", attempts, httpStatus });
    const inMs = Math.max(backOff(attempts, answer.retryAfterMs), waitMs);
    await store.giveBack(task, { attempts, inMs });
    tell("TRANSIENT", httpStatus);
  }

  /** After this time no process sends requests under a lease that was taken before. */
  async function waitForHolders(account: RevocationAccount): Promise<void> {
    const untilMs = clock.monotonicMs() + leaseMs;
    while ((await store.countHeld(account)) > 0 && clock.monotonicMs() < untilMs)
      await deps.sleep(pollMs);
  }

  async function processDue(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Measured before the query, so that the lease is never considered younger than it is.
      const leasedAtMs = clock.monotonicMs();
      const tasks = await store.takeDue(batchSize, leaseMs);
      if (tasks.length === 0) return;
      await Promise.all(tasks.map((task) => attempt(task, leasedAtMs, signal)));
    }
  }

  function kick(): void {
    isKicked = true;
    if (isRunning) return;
    isRunning = true;
    background.start("revocation", async (signal) => {
      try {
        while (isKicked && !signal.aborted) {
          isKicked = false;
          await processDue(signal);
        }
      } finally {
        isRunning = false;
      }
    });
  }

  return {
    kick,

    revokeOrphan(tokens, cause) {
      background.start("revocation of tokens without a grant", async (signal) => {
        for (let delayMs = 250; !signal.aborted; delayMs = Math.min(delayMs * 2, 10_000)) {
          try {
            await db.$transaction((tx) => store.addTokens(tx, tokens, cause));
            return kick();
          } catch (error) {
            deps.log("tokens without a grant wait for the database", {
              error: error instanceof Error ? error.name : "unknown",
            });
          }
          await deps.sleep(delayMs, signal).catch(() => undefined);
        }
      });
    },

    async settle(account) {
      const leasedAtMs = clock.monotonicMs();
      const tasks = await store.takeAccount(account, leaseMs);
      const { signal } = new AbortController();
      await Promise.all(tasks.map((task) => attempt(task, leasedAtMs, signal, consentMs)));
      await waitForHolders(account);
    },

    async hold(account) {
      await store.postpone(account, exchangeMs);
      await waitForHolders(account);
    },
  };
}
