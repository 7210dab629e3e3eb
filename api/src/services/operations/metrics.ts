import type { Database } from "@gatehouse/prisma";
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/**
 * The metrics of this process, in the Prometheus text format. Labels are enumerations and the hosts
 * of issuers, never users, tools or URLs.
 */
export interface Metrics {
  noteTokenRequest(request: TokenRequestReport): void;
  /** Called for each `executeTool`, whether or not a tool was called. */
  noteCall(call: { outcome: string; durationMs: number }): void;
  noteToolRun(run: { status: string; durationMs: number }): void;
  /** Called with the delay of events that were read for subscribers of this process. */
  noteEventsRead(lagsMs: readonly number[]): void;
  /**
   * Reads the metrics from the database in a few statements. If the database is unavailable they
   * are left out, and `gatehouse_database_up` is 0.
   */
  render(): Promise<string>;
}

interface TokenRequestReport {
  issuer: string;
  outcome: string;
  durationMs: number;
  /** Whether the refresh token may have been sent before. */
  inDoubt: boolean;
  /** Whether the result was stored in the database. */
  saved: boolean;
  /** The time from the response until the result was stored. */
  savingMs: number;
}

export interface MetricsDeps {
  db: Database;
  countSubscribers(): number;
  countRunning(): number;
}

const mostIssuerHosts = 50;
/** From a call that is answered from memory to one that runs into its timeout. */
const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

export function createMetrics({ db, countSubscribers, countRunning }: MetricsDeps): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  const createCounter = <L extends string = never>(
    name: string,
    help: string,
    ...labelNames: L[]
  ) => new Counter({ name, help, labelNames, registers });
  const createGauge = <L extends string = never>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge({ name, help, labelNames, registers });
  /** Of durations, in seconds. */
  const createHistogram = <L extends string = never>(
    name: string,
    help: string,
    ...labelNames: L[]
  ) => new Histogram({ name, help, labelNames, buckets: secondsBuckets, registers });

  const tokenRequests = createCounter(
    "gatehouse_token_requests_total",
    "Requests to token endpoints that refresh access tokens: refreshed, transient (will be retried) or dead (a user must sign in).",
    "issuer",
    "outcome",
  );
  const tokenSeconds = createHistogram(
    "gatehouse_token_request_seconds",
    "Duration from the lease of a grant to the response of the token endpoint.",
    "outcome",
  );
  const duplicates = createCounter(
    "gatehouse_duplicate_refreshes_total",
    "Refreshes with a refresh token that may have been sent before, because a process was killed while it waited for the response. Otherwise 0.",
    "issuer",
  );
  const deathToEvent = createHistogram(
    "gatehouse_failure_to_event_seconds",
    "Duration from the response that ends a grant to the event that reports it.",
  );
  const calls = createHistogram(
    "gatehouse_execute_tool_seconds",
    "Duration of calls of executeTool, by the type of the result or the code of the error.",
    "outcome",
  );
  const toolRuns = createHistogram(
    "gatehouse_tool_run_seconds",
    "Duration of tool executions, by their final status.",
    "status",
  );
  const eventLag = createHistogram(
    "gatehouse_event_lag_seconds",
    "Duration from the writing of an event, by the database's clock, to its reading for the subscribers of this process.",
  );
  new Gauge({
    name: "gatehouse_event_subscribers",
    help: "Open subscriptions to logs in this process.",
    registers,
    collect() {
      this.set(countSubscribers());
    },
  });
  new Gauge({
    name: "gatehouse_tool_runs_running",
    help: "Tool executions that are running in this process.",
    registers,
    collect() {
      this.set(countRunning());
    },
  });
  const databaseUp = createGauge(
    "gatehouse_database_up",
    "1 if the database answered the last check.",
  );
  const accounts = createGauge(
    "gatehouse_accounts",
    "Accounts by state, in the whole installation. REAUTH_REQUIRED: a user must sign in again.",
    "state",
    "reason",
  );
  const consents = createGauge(
    "gatehouse_consents_last_hour",
    "Consent attempts that started in the last hour, by result, in the whole installation.",
    "status",
    "error",
  );
  const outboxAge = createGauge(
    "gatehouse_webhook_outbox_age_seconds",
    "Age of the oldest event that has not been delivered to an enabled webhook endpoint.",
  );
  const revocationAge = createGauge(
    "gatehouse_revocation_outbox_age_seconds",
    "Age of the oldest token or registration that has not been revoked yet.",
  );

  async function readDatabase(): Promise<void> {
    const [byState, byStatus, [outbox], [revocation]] = await Promise.all([
      db.oAuthGrant.groupBy({ by: ["state", "reason"], _count: true }),
      db.$queryRaw<{ status: string; error: string | null; count: number }[]>`
        SELECT "status"::text AS "status", "error"::text AS "error", count(*)::int AS "count" FROM "OAuthFlow"
        WHERE "startedAt" > now() - interval '1 hour' GROUP BY 1, 2`,
      readOutboxAge(db),
      db.$queryRaw<{ seconds: number | null }[]>`
        SELECT extract(epoch FROM clock_timestamp() - min("createdAt"))::float8 AS "seconds" FROM "RevocationTask"`,
    ]);
    accounts.reset();
    for (const { state, reason, _count: count } of byState)
      accounts.set({ state, reason: reason ?? "" }, count);
    consents.reset();
    for (const { status, error, count } of byStatus)
      consents.set({ status, error: error ?? "" }, count);
    outboxAge.set(outbox?.seconds ?? 0);
    revocationAge.set(revocation?.seconds ?? 0);
  }

  const labelIssuer = createHostLabels(mostIssuerHosts);

  return {
    noteTokenRequest({ issuer: url, outcome, durationMs, inDoubt, saved, savingMs }) {
      const issuer = labelIssuer(url);
      tokenRequests.inc({ issuer, outcome });
      tokenSeconds.observe({ outcome }, durationMs / 1_000);
      // Created with the first request, so that an alert rule can distinguish zero from no
      // requests.
      duplicates.inc({ issuer }, inDoubt ? 1 : 0);
      if (outcome === "dead" && saved) deathToEvent.observe(savingMs / 1_000);
    },
    noteCall: ({ outcome, durationMs }) => calls.observe({ outcome }, durationMs / 1_000),
    noteToolRun: ({ status, durationMs }) => toolRuns.observe({ status }, durationMs / 1_000),
    noteEventsRead(lagsMs) {
      // The clocks of two machines can differ, so the value can be negative.
      for (const lagMs of lagsMs) eventLag.observe(Math.max(lagMs, 0) / 1_000);
    },
    async render() {
      const isUp = await readDatabase().then(
        () => true,
        () => false,
      );
      databaseUp.set(isUp ? 1 : 0);
      if (!isUp) for (const gauge of [accounts, consents, outboxAge, revocationAge]) gauge.reset();
      return registry.metrics();
    },
  };
}

/**
 * Uses hosts as label values. Each value is a time series for as long as the process runs, and any
 * user who adds a server can name an issuer: the first hosts keep their names, all others are
 * counted as `other`.
 */
function createHostLabels(most: number): (url: string) => string {
  const hosts = new Set<string>();
  return (url) => {
    const host = URL.parse(url)?.host ?? "other";
    if (hosts.has(host)) return host;
    if (hosts.size >= most) return "other";
    hosts.add(host);
    return host;
  };
}

/**
 * Only endpoints that wait for a retry or are being served. The others receive events within
 * seconds, and there can be many of them.
 */
function readOutboxAge(db: Database): Promise<{ seconds: number | null }[]> {
  return db.$queryRaw<{ seconds: number | null }[]>`
    SELECT extract(epoch FROM clock_timestamp() - min(e."occurredAt"))::float8 AS "seconds" FROM (
      SELECT "id", "workspaceId", "afterSeq", "disabledAt" FROM "WebhookEndpoint"
      WHERE "nextAttemptAt" IS NOT NULL AND "disabledAt" IS NULL
      UNION SELECT "id", "workspaceId", "afterSeq", "disabledAt" FROM "WebhookEndpoint" WHERE "leaseUntil" IS NOT NULL
    ) w JOIN "WorkspaceEvent" e ON e."workspaceId" = w."workspaceId" AND e."seq" = w."afterSeq" + 1
    WHERE w."disabledAt" IS NULL`;
}
