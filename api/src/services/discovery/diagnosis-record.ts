/** The steps of a diagnosis, and why an exchange among them got no answer, or not all of it. */
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
  /** In order, as they end. */
  taken: Step[];
  steps: StepRecorder;
  /** @param deadlineMs for all exchanges together, from now */
  watch(fetch: Fetch, deadlineMs: number): Fetch;
  /** The first failure of the stage at which the way ended: one of an earlier stage was got over. */
  findBroken(): { step: Step; codes: readonly string[] } | null;
}

export function createDiagnosisRecord(clock: StepClock): DiagnosisRecord {
  const taken: Step[] = [];
  const codesOf = new Map<Step, string[]>();
  /** By address, as steps have it: several authorization servers are asked at once. */
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

/** Whoever reads a body may keep no more of its failure than a sentence. */
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
