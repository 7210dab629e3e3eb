/** Records the steps of a diagnosis, and why an exchange had no response or an incomplete one. */
import { listCodes } from "#oauth/errors.ts";
import type { Fetch } from "#oauth/ports.ts";
import { stripUrl } from "#oauth/secure-url.ts";
import {
  createStepRecorder,
  type Step,
  type StepClock,
  type StepRecorder,
} from "#oauth/flow-steps.ts";

export interface DiagnosisRecord {
  /** In the order in which they ended. */
  taken: Step[];
  steps: StepRecorder;
  /** @param deadlineMs for all exchanges together, counted from this call */
  watch(fetch: Fetch, deadlineMs: number): Fetch;
  /**
   * Returns the first failure of the stage at which the diagnosis ended. Failures of earlier stages
   * did not prevent the next stage.
   */
  findBroken(): { step: Step; codes: readonly string[] } | null;
}

export function createDiagnosisRecord(clock: StepClock): DiagnosisRecord {
  const taken: Step[] = [];
  const codesOf = new Map<Step, string[]>();
  /**
   * By the URL in the steps, because several authorization servers are requested at the same time.
   */
  const failures = new Map<string | null, string[]>();
  const steps = createStepRecorder({
    clock,
    onStep(step) {
      taken.push(step);
      if (step.outcome !== "FAILED") return;
      codesOf.set(step, failures.get(step.url) ?? []);
      failures.delete(step.url);
    },
  });
  return {
    taken,
    steps,
    watch(fetch, deadlineMs) {
      const deadline = AbortSignal.timeout(deadlineMs);
      return async (input, init) => {
        const fail = (error: unknown): void => void failures.set(stripUrl(input), listCodes(error));
        const signals = init?.signal ? [init.signal, deadline] : [deadline];
        try {
          const signal = AbortSignal.any(signals);
          return watchBody(await fetch(input, { ...init, signal }), fail);
        } catch (error) {
          fail(error);
          throw error;
        }
      };
    },
    findBroken() {
      const failed = taken.filter(({ outcome }) => outcome === "FAILED");
      const step = failed.find(({ kind }) => kind === failed.at(-1)?.kind);
      return step ? { step, codes: codesOf.get(step) ?? [] } : null;
    },
  };
}

/** The reader of a body may reduce its failure to a sentence, so the error is recorded here. */
function watchBody(response: Response, onFailure: (error: unknown) => void): Response {
  if (!response.body) return response;
  const reader = response.body.getReader();
  const watched = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          onFailure(error);
          throw error;
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  const { status, statusText, headers, url } = response;
  const answer = new Response(watched, { status, statusText, headers });
  return Object.defineProperty(answer, "url", { value: url });
}
