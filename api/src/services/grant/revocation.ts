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
import type { Background } from "#async/background-tasks.ts";
import { type RevocationRequestDeps, requestRevocation } from "./revocation-request.ts";

/**
 * Ends tokens and registrations at their authorization servers, from an outbox: whoever ends a grant writes the task in the same
 * transaction, any process does it, and its receipt is in the log.
 */
export interface Revocation {
  /** Looks at the outbox now, behind the answer. To be called after a commit that wrote a task. */
  kick(): void;
  /** Tokens that were issued and found no grant. The database may be away: tried until it takes them or the process ends. */
  revokeOrphan(tokens: TokensToRevoke, cause: RevocationCause): void;
  /**
   * Before a consent starts: what is open of its account is tried once more, now. What still cannot be ended waits for so long that
   * the consent is over, and is kept if the consent brought a grant, so that a late revocation never kills it.
   */
  settle(account: RevocationAccount): Promise<void>;
  /** The same before its tokens are asked for, and without a try: only what is being sent is waited for. */
  hold(account: RevocationAccount): Promise<void>;
  /** Does all that is due. */
  turn(signal?: AbortSignal): Promise<void>;
}

export interface RevocationDeps extends RevocationRequestDeps {
  db: Database;
  store: RevocationStore;
  background: Background;
  clock: Clock;
  sleep: Sleep;
  log(message: string, details: object): void;
}

const leaseMs = 30_000;
/** Nothing is sent under an older lease: with the deadline of two requests, all is over before the lease is. */
const lastSendMs = 15_000;
const requestDeadlineMs = 7_000;
/** Taken at once, and sent side by side. */
const batchSize = 8;
const giveUpAfterMs = 24 * 60 * 60_000;
const firstDelayMs = 1_000;
const longestDelayMs = 30 * 60_000;
/** For a payload that cannot be opened: it harms nothing, and waits for a key that is missing. */
const unopenedDelayMs = 5 * 60_000;
/** An attempt at consent takes ten minutes at most; then a minute for its last step. */
const consentMs = 11 * 60_000;
const exchangeMs = 60_000;
const pollMs = 100;
const outcomes = {
  confirmed: "CONFIRMED",
  unsupported: "UNSUPPORTED",
  refused: "REFUSED",
} as const;

/** @returns milliseconds until the next try, after so many */
export function backOff(attempts: number, retryAfterMs: number | null): number {
  return Math.max(
    Math.min(firstDelayMs * 2 ** (attempts - 1), longestDelayMs),
    Math.min(retryAfterMs ?? 0, longestDelayMs),
  );
}

export function createRevocation(deps: RevocationDeps): Revocation {
  const { db, store, background, clock } = deps;
  let isRunning = false;
  let isKicked = false;

  /** @param waitMs the least until another try after this one */
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
    // Cut off because this process stops: another one does it at once, and it does not count.
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

  /** Once so much time has passed, nobody sends under a lease that was taken before. */
  async function waitForHolders(account: RevocationAccount): Promise<void> {
    const untilMs = clock.monotonicMs() + leaseMs;
    while ((await store.countHeld(account)) > 0 && clock.monotonicMs() < untilMs)
      await deps.sleep(pollMs);
  }

  async function turn(signal: AbortSignal = new AbortController().signal): Promise<void> {
    while (!signal.aborted) {
      // Before asking, so that the lease is never thought to be younger than it is.
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
          await turn(signal);
        }
      } finally {
        isRunning = false;
      }
    });
  }

  return {
    turn,
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
