/** What was really done in an attempt at consent, exchange by exchange, fit to be shown: no query, no secret. */
import { describeFailure } from "./errors.ts";
import type { Clock, Fetch } from "./ports.ts";
import { stripUrl } from "./secure-url.ts";

/** The contract's OAuthFlowStepKind. */
export type StepKind =
  | "PROBE"
  | "PROTECTED_RESOURCE_METADATA"
  | "AUTHORIZATION_SERVER_METADATA"
  | "CLIENT_REGISTRATION"
  | "CONSENT"
  | "CALLBACK"
  | "TOKEN_EXCHANGE"
  | "TOOL_DISCOVERY";

export type StepOutcome = "OK" | "FAILED" | "SKIPPED";

/** Serialisable as it is. */
export interface Step {
  kind: StepKind;
  outcome: StepOutcome;
  /** Without query, fragment, user name and password. */
  url: string | null;
  httpStatus: number | null;
  durationMs: number | null;
  detail: string | null;
  /** ISO 8601, when it began. */
  at: string;
}

/** A monotonic clock for durations, and the time of day for the record. */
export interface StepClock extends Clock {
  now(): Date;
}

/** How the last exchange of a step is to be judged, once its answer was read. */
export interface Verdict {
  outcome: StepOutcome;
  detail?: string | null;
}

export interface StepRecorder {
  /** Something that took no request: skipped, or decided. */
  note(kind: StepKind, outcome: StepOutcome, detail: string, url?: string): void;
  /**
   * Runs `run` with a fetch that reports each of its exchanges. The last one is judged by `judge` once `run` has read the answer, so
   * that a body that is no metadata counts as a failure; when `run` throws, it is FAILED and the error goes on.
   */
  record<T>(
    kind: StepKind,
    fetch: Fetch,
    run: (fetch: Fetch) => Promise<T>,
    judge: (value: T) => Verdict,
  ): Promise<T>;
}

/** @param options.onStep is told each step when it has ended; must not throw */
export function createStepRecorder(options: {
  onStep: (step: Step) => void;
  clock: StepClock;
}): StepRecorder {
  const { onStep, clock } = options;

  return {
    note(kind, outcome, detail, url) {
      onStep({
        kind,
        outcome,
        url: url === undefined ? null : stripUrl(url),
        httpStatus: null,
        durationMs: null,
        detail,
        at: clock.now().toISOString(),
      });
    },

    async record(kind, fetch, run, judge) {
      let settle: ((verdict: Verdict) => void) | null = null;
      const recordingFetch: Fetch = async (input, init) => {
        // A further request: the one before was a redirect or a first try.
        settle?.({ outcome: "OK" });
        const started = clock.monotonicMs();
        const step: Step = {
          kind,
          outcome: "OK",
          url: stripUrl(input),
          httpStatus: null,
          durationMs: null,
          detail: null,
          at: clock.now().toISOString(),
        };
        settle = ({ outcome, detail }) => {
          settle = null;
          step.outcome = outcome;
          step.detail = detail ?? null;
          step.durationMs = Math.max(0, Math.round(clock.monotonicMs() - started));
          onStep(step);
        };
        try {
          const response = await fetch(input, init);
          step.httpStatus = response.status;
          return response;
        } catch (error) {
          // At once: whoever made the request may try another way and never hear of it.
          settle?.({ outcome: "FAILED", detail: describeFailure(error) });
          throw error;
        }
      };
      const finish = (verdict: Verdict): void => settle?.(verdict);
      try {
        const value = await run(recordingFetch);
        finish(judge(value));
        return value;
      } catch (error) {
        finish({ outcome: "FAILED", detail: describeFailure(error) });
        throw error;
      }
    },
  };
}
