/**
 * One refresh: lease, request and response. At most one per grant runs in a process, and the lease
 * excludes other processes.
 */
import {
  answerNotRefreshed,
  answerReading,
  answerReceived,
  answerTransient,
  tryLater,
  type AccessTokenAnswer,
  type ReceivedAnswer,
} from "./access-token.ts";
import {
  type OnRefreshStage,
  type RefreshLimits,
  refreshLimits,
  requestUnderLease,
} from "./lease-request.ts";
import type { Clock, Grant, GrantFetch, GrantStore, LeaseAnswer } from "./ports.ts";
import type { RefreshCause, IssuedTokens, SignAssertion, Sleep } from "./ports.ts";
import type { ProviderProfiles } from "./provider-profiles.ts";
import { isRefreshable } from "./refresh-need.ts";
import { createRepeatedRefusals } from "./repeated-refusals.ts";
import type { DeadReason } from "./state.ts";
import { createUnsavedAnswers } from "./unsaved-answers.ts";
import { backoffMs } from "#async/backoff.ts";

/** The maximum time between two reads of a waiter, because notifications can be lost. */
const pollMs = 1_000;
const firstBackoffMs = 1_000;
/** The maximum time for which calls can fail after the authorization server has recovered. */
const maxBackoffMs = 15_000;
/** A longer wait is not accepted from an authorization server, because it may be a mistake. */
const maxRetryAfterMs = 5 * 60_000;

export interface RefresherOptions {
  grants: GrantStore;
  fetchFor: GrantFetch;
  clock: Clock;
  sleep: Sleep;
  signAssertion: SignAssertion;
  profiles: Pick<ProviderProfiles, "deviationsOf">;
  /**
   * Adds the tokens of a grant that has ended in the meantime to the revocation outbox. It can be
   * called more than once with the same tokens.
   */
  revokeLater(grant: Grant, tokens: IssuedTokens): Promise<void>;
  /** For logs and metrics. Contains no secret. Must not throw. */
  onSettled?(report: RefreshReport): void;
  /** The default is that of production; tests with real processes use shorter limits. */
  limits?: RefreshLimits;
  /** For tests only. */
  onStage?: OnRefreshStage;
}

/** The result of a token request. */
export interface RefreshReport {
  grantId: string;
  serverId: string;
  issuer: string;
  outcome: "refreshed" | "dead" | "transient";
  reason: DeadReason | null;
  /** A few words, without a secret. */
  detail: string | null;
  /** Whether a previous holder may have sent the same refresh token before it stopped. */
  inDoubt: boolean;
  /** False: the response is only in memory until the database is available. */
  saved: boolean;
  durationMs: number;
  /** The time from the response until its result was stored. */
  savingMs: number;
}

export interface RefreshFlights {
  /** Joins the running refresh of the grant, or starts one. Never rejects. */
  refresh(grant: Grant, cause: RefreshCause): Promise<AccessTokenAnswer>;
  isUnderWay(grantId: string): boolean;
  /**
   * Marks a grant as ended whose access token has expired and cannot be refreshed. Never rejects.
   */
  bury(grant: Grant): Promise<AccessTokenAnswer>;
  /** The answer while the response to the refresh of `version` has not been stored. */
  findUnsaved(grantId: string): { version: number; answer(): AccessTokenAnswer } | null;
  close(): Promise<void>;
}

/** Whether both grants have the same client from the perspective of an authorization server. */
function isSameClient(one: Grant, other: Grant): boolean {
  return one.issuer === other.issuer && one.client.clientId === other.client.clientId;
}

export function createRefreshFlights(options: RefresherOptions): RefreshFlights {
  const { grants, clock, sleep, revokeLater, onSettled } = options;
  const { leaseTtlMs, requestDeadlineMs } = options.limits ?? refreshLimits;
  const flights = new Map<string, Promise<AccessTokenAnswer>>();
  /** The number of consecutive transient failures, by grant. */
  const failures = new Map<string, number>();
  const refusals = createRepeatedRefusals(clock);
  /** Versions whose doubt was not resolved because of a transient failure, by grant. */
  const doubts = new Map<string, number>();
  let closing = false;

  /** Null: stored as received; otherwise the answer that applies instead. */
  const save = async (received: ReceivedAnswer): Promise<AccessTokenAnswer | null> => {
    const { grant, answer, circumstances } = received;
    if (answer.kind === "dead") {
      const first = await grants.markDead(grant.id, grant.version, answer.reason);
      return first ? null : answerReading(await grants.read(grant.id));
    }
    const { tokens } = answer;
    // A refresh token that is only repeated is kept, together with its known lifetime.
    const refreshToken = tokens.refreshToken === grant.refreshToken ? null : tokens.refreshToken;
    const stored = await grants.storeTokens(
      grant.id,
      grant.version,
      { ...tokens, refreshToken },
      circumstances,
    );
    if (stored === "stored") return null;
    if (stored === "superseded") {
      const reading = await grants.read(grant.id);
      // The grant was replaced by a new consent or by another holder. Revoking these tokens could
      // end the new grant if it has the same client.
      if (reading.kind === "usable" && !isSameClient(reading.grant, grant))
        await revokeLater(grant, tokens);
      return answerReading(reading);
    }
    await revokeLater(grant, tokens);
    return answerReading(await grants.read(grant.id));
  };
  const unsaved = createUnsavedAnswers<ReceivedAnswer>({ save, sleep });

  const settle = async (
    received: ReceivedAnswer,
  ): Promise<{ answer: AccessTokenAnswer; saved: boolean }> => {
    const { id } = received.grant;
    failures.delete(id);
    refusals.forget(id);
    doubts.delete(id);
    try {
      return { answer: (await save(received)) ?? answerReceived(received, clock), saved: true };
    } catch {
      unsaved.keep(id, received);
      return { answer: answerReceived(received, clock), saved: false };
    }
  };

  const giveBack = async (grantId: string, leaseId: string, retryInMs: number): Promise<void> => {
    try {
      await grants.release(grantId, leaseId, retryInMs);
    } catch {
      // The database is unavailable: the lease will expire, and the next holder will be in doubt.
    }
  };

  /** Null: too little time was left of the lease before anything was sent. */
  const useLease = async (
    { grant, leaseId, ...lease }: Extract<LeaseAnswer, { kind: "leased" }>,
    leasedAt: number,
    cause: RefreshCause,
  ): Promise<AccessTokenAnswer | null> => {
    const { id, serverId, version } = grant;
    if (closing || !isRefreshable(grant)) {
      await giveBack(id, leaseId, 0);
      return tryLater;
    }
    const inDoubt = lease.inDoubt || doubts.get(id) === version;
    const askedAt = clock.monotonicMs();
    const outcome = refusals.judge(grant, await requestUnderLease(grant, leasedAt, options));
    const receivedAt = clock.monotonicMs();
    const circumstances = {
      cause,
      durationMs: Math.round(receivedAt - askedAt),
      refusesResource: outcome.kind === "tokens" && outcome.refusesResource === true,
    };
    const report = (rest: Pick<RefreshReport, "outcome" | "reason" | "detail" | "saved">): void =>
      onSettled?.({
        grantId: id,
        serverId,
        issuer: grant.issuer,
        inDoubt,
        durationMs: receivedAt - leasedAt,
        savingMs: clock.monotonicMs() - receivedAt,
        ...rest,
      });

    if (outcome.kind === "late") {
      if (inDoubt) doubts.set(id, version);
      await giveBack(id, leaseId, 0);
      return null;
    }
    if (outcome.kind === "transient") {
      const count = failures.get(id) ?? 0;
      failures.set(id, count + 1);
      if (inDoubt) doubts.set(id, version);
      const askedMs = Math.min(outcome.retryAfterMs ?? 0, maxRetryAfterMs);
      const retryAfterMs = Math.max(backoffMs(count, firstBackoffMs, maxBackoffMs), askedMs);
      await giveBack(id, leaseId, retryAfterMs);
      report({ outcome: "transient", reason: null, detail: outcome.detail, saved: true });
      return answerNotRefreshed(grant, retryAfterMs, outcome.detail);
    }
    if (outcome.kind === "tokens") {
      const { answer, saved } = await settle({ grant, answer: outcome, circumstances, receivedAt });
      report({ outcome: "refreshed", reason: null, detail: outcome.remark, saved });
      return answer;
    }
    // The previous holder may have used the refresh token and stopped before storing the response.
    // This does not apply to a client's own credentials.
    const interrupted =
      inDoubt && grant.refreshToken !== null && outcome.reason === "GRANT_INVALID";
    const reason = interrupted ? "REFRESH_INTERRUPTED" : outcome.reason;
    const { answer, saved } = await settle({
      grant,
      answer: { kind: "dead", reason },
      circumstances,
      receivedAt,
    });
    report({ outcome: "dead", reason, detail: outcome.detail, saved });
    return answer;
  };

  const fly = async (
    grantId: string,
    version: number,
    cause: RefreshCause,
  ): Promise<AccessTokenAnswer> => {
    // The maximum time that a holder can take. After that the answer is a retryable failure, never
    // a refresh without a lease.
    const until = clock.monotonicMs() + leaseTtlMs + requestDeadlineMs;
    for (;;) {
      // Read before the request, so that the age of the lease is never underestimated.
      const leasedAt = clock.monotonicMs();
      const lease = await grants.takeLease(grantId, version, leaseTtlMs);
      if (lease.kind === "settled") return answerReading(lease.reading);
      if (lease.kind === "leased") {
        const answer = await useLease(lease, leasedAt, cause);
        if (answer) return answer;
        continue;
      }
      const leftMs = until - clock.monotonicMs();
      if (closing || leftMs <= 0) {
        const why = "Another process of Gatehouse is refreshing the access token.";
        return answerTransient(why, Math.max(lease.waitMs, pollMs));
      }
      if (options.onStage) await options.onStage("held", grantId);
      await grants.changed(grantId, Math.min(Math.max(lease.waitMs, 50), pollMs, leftMs));
      const reading = await grants.read(grantId);
      if (reading.kind !== "usable" || reading.grant.version !== version) {
        return answerReading(reading);
      }
      const { retryInMs } = reading.grant;
      if (retryInMs > 0) return answerNotRefreshed(reading.grant, retryInMs);
    }
  };

  const begin = (
    grant: Grant,
    run: () => Promise<AccessTokenAnswer>,
  ): Promise<AccessTokenAnswer> => {
    const running = flights.get(grant.id);
    if (running) return running;
    // A caller that read the grant before the response was kept must not send the old refresh token
    // again.
    const kept = unsaved.find(grant.id);
    if (kept && kept.grant.version === grant.version) {
      return Promise.resolve(answerReceived(kept, clock));
    }
    if (closing) return Promise.resolve(tryLater);
    const flight = run()
      .catch(() => tryLater)
      .finally(() => flights.delete(grant.id));
    flights.set(grant.id, flight);
    return flight;
  };

  return {
    refresh: (grant, cause) => begin(grant, () => fly(grant.id, grant.version, cause)),
    isUnderWay: (grantId) => flights.has(grantId),
    bury: (grant) =>
      begin(grant, async () => {
        const reason = "NO_REFRESH_TOKEN";
        const first = await grants.markDead(grant.id, grant.version, reason);
        return first ? { kind: "dead", reason } : answerReading(await grants.read(grant.id));
      }),
    findUnsaved(grantId) {
      const kept = unsaved.find(grantId);
      return kept && { version: kept.grant.version, answer: () => answerReceived(kept, clock) };
    },
    async close() {
      closing = true;
      await Promise.all(flights.values());
      await unsaved.close();
    },
  };
}
