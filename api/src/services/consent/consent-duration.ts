import type { OAuthFlow } from "@gatehouse/prisma";
import { z } from "zod";

const stepsSchema = z.array(z.object({ at: z.iso.datetime(), durationMs: z.number().nullable() }));

/**
 * How long the person was away, from the redirect to the callback, in milliseconds; 0 at least. The attempt's beginning and its end are
 * the database's. What came before the redirect is told by the steps of one process, of which only a difference is taken.
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
