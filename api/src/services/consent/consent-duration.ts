import type { OAuthFlow } from "@gatehouse/prisma";
import { z } from "zod";

const stepsSchema = z.array(z.object({ at: z.iso.datetime(), durationMs: z.number().nullable() }));

/**
 * Returns the time between the redirect and the callback, in milliseconds; at least 0. The start and end of the attempt are measured on the
 * database's clock. The time before the redirect is taken from the steps, as a difference of two times on the clock of one process.
 */
export function measureConsent(
  flow: Pick<OAuthFlow, "startedAt" | "consumedAt" | "steps">,
): number {
  if (!flow.consumedAt) return 0;
  const steps = stepsSchema.parse(flow.steps);
  const begins = steps.map(({ at }) => Date.parse(at));
  const ends = steps.map(({ at, durationMs }) => Date.parse(at) + (durationMs ?? 0));
  const prepared = steps.length === 0 ? 0 : Math.max(...ends) - Math.min(...begins);
  return Math.max(0, flow.consumedAt.getTime() - flow.startedAt.getTime() - prepared);
}
