/**
 * Records the exchanges of a consent flow in a form that can be displayed: without queries and
 * secrets.
 */
import { describeFailure } from "./errors.ts";
import type { Clock, Fetch } from "./ports.ts";
import { stripUrl } from "./secure-url.ts";

/** OAuthFlowStepKind of the contract. */
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

/** Can be serialized as JSON. */
export interface Step {
  kind: StepKind;
  outcome: StepOutcome;
  /** Without query, fragment, user name and password. */
  url: string | null;
  httpStatus: number | null;
  durationMs: number | null;
  detail: string | null;
  /** ISO 8601, when the step began. */
  at: string;
}

/** A monotonic clock for durations, and the time of day for `at`. */
export interface StepClock extends Clock {
  now(): Date;
}

/** The result of the last exchange of a step, once its response was read. */
export interface Verdict {
  outcome: StepOutcome;
  detail?: string | null;
}

export interface StepRecorder {
  /** Records something without a request: skipped, decided, or done by the user in `durationMs`. */
  note(
    kind: StepKind,
    outcome: StepOutcome,
    detail: string,
    url?: string | null,
    durationMs?: number,
  ): void;
  /**
   * Calls `run` with a fetch that records each exchange; repeated identical redirects are one step.
   * `judge` determines the result of the last exchange after `run` has read the response, so that a
   * body that is not metadata counts as a failure. If `run` throws, the result is FAILED and the
   * error is rethrown.
   */
  record<T>(
    kind: StepKind,
    fetch: Fetch,
    run: (fetch: Fetch) => Promise<T>,
    judge: (value: T) => Verdict,
  ): Promise<T>;
}

/** A recorder that keeps its steps, in the order in which they ended. */
export interface RecordedSteps extends StepRecorder {
  readonly taken: readonly Step[];
}

export function recordSteps(clock: StepClock): RecordedSteps {
  const taken: Step[] = [];
  return { taken, ...createStepRecorder({ clock, onStep: (step) => taken.push(step) }) };
}

/** @param options.onStep is called with each step when it has ended; must not throw */
export function createStepRecorder(options: {
  onStep: (step: Step) => void;
  clock: StepClock;
}): StepRecorder {
  const { onStep, clock } = options;

  return {
    note(kind, outcome, detail, url = null, durationMs) {
      onStep({
        kind,
        outcome,
        url: url === null ? null : stripUrl(url),
        httpStatus: null,
        durationMs: durationMs ?? null,
        detail,
        at: new Date(clock.now().getTime() - (durationMs ?? 0)).toISOString(),
      });
    },

    async record(kind, fetch, run, judge) {
      const report = foldRedirects(onStep);
      let settle: ((verdict: Verdict | null) => void) | null = null;
      const recordingFetch: Fetch = async (input, init) => {
        // There is a further request: the previous one was a redirect, a first attempt, or one of
        // several that belong together.
        settle?.(null);
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
        settle = (verdict) => {
          settle = null;
          const { outcome, detail } = verdict ?? judgeEarlier(step.httpStatus);
          step.outcome = outcome;
          step.detail = detail ?? null;
          step.durationMs = Math.max(0, Math.round(clock.monotonicMs() - started));
          report.add(step);
        };
        try {
          const response = await fetch(input, init);
          step.httpStatus = response.status;
          return response;
        } catch (error) {
          // Recorded immediately, because the caller may try another request and ignore the error.
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
      } finally {
        report.end();
      }
    },
  };
}

/** The result of an exchange that was followed by another one. */
function judgeEarlier(httpStatus: number | null): Verdict {
  if (httpStatus === null || httpStatus < 300) return { outcome: "OK" };
  const detail =
    httpStatus < 400 ? "The address redirects." : "Another method was tried after this.";
  return { outcome: "SKIPPED", detail };
}

/** Delays a redirect until a different step follows. */
function foldRedirects(onStep: (step: Step) => void) {
  let held: { step: Step; times: number } | null = null;
  const end = (): void => {
    if (!held) return;
    const { step, times } = held;
    held = null;
    onStep(
      times === 1
        ? step
        : { ...step, detail: `The address redirects. ${times} requests were sent.` },
    );
  };
  return {
    end,
    add(step: Step): void {
      const { outcome, httpStatus } = step;
      const isRedirect =
        outcome === "SKIPPED" && httpStatus !== null && httpStatus >= 300 && httpStatus < 400;
      if (held && isRedirect && isAlike(held.step, step)) {
        held.times += 1;
        held.step.durationMs = (held.step.durationMs ?? 0) + (step.durationMs ?? 0);
        return;
      }
      end();
      if (isRedirect) held = { step, times: 1 };
      else onStep(step);
    },
  };
}

function isAlike(one: Step, other: Step): boolean {
  return one.url === other.url && one.httpStatus === other.httpStatus;
}
