/** Shared helpers of the MCP tests. */
import { plainFetch } from "../../../test/counterparties/plain-fetch.ts";
import { createEraCache } from "../protocol-era.ts";
import type { Credentials } from "../connection/credentials.ts";
import type { SessionTarget } from "../connection/session.ts";

/** Returns credentials that provide these headers and stop at the first rejection with `{ refusedWith: status }`. */
export function giveHeaders(headers: Record<string, string> = {}): Credentials {
  return {
    headers: async () => ({ kind: "headers", headers }),
    refused: async ({ status }) => ({ stop: { refusedWith: status } }),
  };
}

/** Returns a target with a separate era cache, so that tests do not affect each other. */
export function createTarget(url: string, changes: Partial<SessionTarget> = {}): SessionTarget {
  return {
    url,
    fetch: plainFetch,
    credentials: giveHeaders(),
    timeoutMs: 5_000,
    clientInfo: { name: "gatehouse-test", version: "0.0.0" },
    eras: createEraCache(),
    ...changes,
  };
}

/**
 * Returns how many times longer an operation takes than parsing the text as JSON. Linear operations stay below 1,000, regardless of the
 * machine's load; quadratic ones do not.
 */
export function compareWithParsing(text: string, run: (text: string) => unknown): number {
  const json = JSON.stringify(text);
  const parsingMs = Math.max(...Array.from({ length: 5 }, () => timeMs(() => JSON.parse(json))));
  const once = () => timeMs(() => run(text)) / parsingMs;
  // Measured repeatedly, because another program may interrupt a measurement.
  let least = once();
  for (let again = 0; again < 3 && least > ordinaryRatio; again += 1)
    least = Math.min(least, once());
  return least;
}

const ordinaryRatio = 1_000;

function timeMs(run: () => unknown): number {
  const startedAt = performance.now();
  run();
  return performance.now() - startedAt;
}
