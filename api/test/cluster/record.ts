/** What the processes and the authorization server did, for assertions and for the eye. */
import { setTimeout as delay } from "node:timers/promises";
import type { RefreshStage } from "#oauth/lease-request.ts";
import type { TokenRequest, Traffic } from "#sandbox/traffic.ts";
import type { Account, CallOutcome } from "./cluster.ts";
import type { FromProcess } from "./messages.ts";
import { createTimeline, readMonotonicMs } from "./timeline.ts";

export interface StageRecord {
  process: string;
  grantId: string;
  stage: RefreshStage;
  atMs: number;
}

export interface ClusterRecord {
  take(process: string, message: FromProcess): void;
  note(where: string, what: string): void;
  noteCalls(process: string, outcomes: readonly CallOutcome[]): void;
  restart(): void;
  readonly stages: readonly StageRecord[];
  /** Requests that have reached the processes. */
  readonly requests: number;
  /** Every line of the processes' logs. */
  readonly logLines: readonly string[];
  /** When a holder gave its lease back after a transient failure. */
  readonly transientAtMs: readonly number[];
  /** Refreshes that reached the authorization server, on the same clock as the stages. */
  readRefreshes(account: Account): (TokenRequest & { atMs: number })[];
  /** Resolves at a time of that clock. */
  untilMs(atMs: number): Promise<void>;
  print(title: string, account: Account): void;
}

const stageWords: Record<RefreshStage, string> = {
  held: "waits for the holder",
  leased: "has the lease",
  sending: "is about to send the refresh token",
  answered: "has the answer",
};

/** From this process's own clock to the system's. */
const offsetMs = readMonotonicMs() - performance.now();

export function createRecord(traffic: Traffic): ClusterRecord {
  const timeline = createTimeline();
  let stages: StageRecord[] = [];
  let transientAtMs: number[] = [];
  let requests = 0;
  let logLines: string[] = [];

  const takeLog = (process: string, line: string): void => {
    const { msg, outcome, reason, saved, detail } = JSON.parse(line) as Record<string, unknown>;
    if (msg !== "token request") return;
    if (outcome === "transient") transientAtMs.push(readMonotonicMs());
    const rest = [reason ?? detail, saved ? null : "not yet stored"].filter(Boolean).join(", ");
    timeline.add(process, `${String(outcome)}${rest ? `: ${rest}` : ""}`);
  };

  const readRefreshes = (account: Account) =>
    traffic.tokenRequests
      .filter(({ grantType }) => grantType === "refresh_token")
      .filter(({ clientId }) => clientId === account.clientId)
      .map((request) => ({ ...request, atMs: request.receivedAtMs + offsetMs }))
      .toSorted((one, other) => one.atMs - other.atMs);

  return {
    take(process, message) {
      if (message.kind === "log") {
        logLines.push(message.line);
        takeLog(process, message.line);
      }
      if (message.kind === "request") requests += 1;
      if (message.kind !== "stage") return;
      const { stage, grantId, atMs, signal } = message;
      const before = stages.findLast((each) => each.process === process);
      stages.push({ process, stage, grantId, atMs });
      // Whoever waits looks again and again.
      if (stage === "held" && before?.stage === "held") return;
      timeline.add(process, `${stageWords[stage]}${signal ? `, and here ${signal}` : ""}`, atMs);
    },
    note: (where, what) => timeline.add(where, what),
    noteCalls(process, outcomes) {
      const longestMs = Math.max(...outcomes.map(({ waitedMs }) => waitedMs));
      const kinds = Object.entries(Object.groupBy(outcomes, ({ answer }) => answer));
      const text = kinds.map(([answer, calls]) => `${calls?.length} ${answer}`).join(", ");
      timeline.add(process, `calls end: ${text}; the longest waited ${longestMs.toFixed(0)} ms`);
    },
    restart() {
      timeline.restart();
      stages = [];
      transientAtMs = [];
      requests = 0;
      logLines = [];
    },
    get logLines() {
      return logLines;
    },
    get stages() {
      return stages;
    },
    get requests() {
      return requests;
    },
    get transientAtMs() {
      return transientAtMs;
    },
    readRefreshes,
    untilMs: (atMs) => delay(Math.max(0, atMs - readMonotonicMs())),
    print(title, account) {
      for (const { atMs, answeredAtMs, refreshTokenMark, status } of readRefreshes(account)) {
        timeline.add("authorization server", `receives refresh token ${refreshTokenMark}`, atMs);
        timeline.add(
          "authorization server",
          `answers ${status ?? "nothing"} to ${refreshTokenMark}`,
          answeredAtMs + offsetMs,
        );
      }
      timeline.print(title);
    },
  };
}
