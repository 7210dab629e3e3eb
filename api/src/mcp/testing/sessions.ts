/** What the tests of this room share. */
import { plainFetch } from "../../../test/counterparties/plain-fetch.ts";
import { createEraCache } from "../protocol-era.ts";
import type { Credentials } from "../connection/credentials.ts";
import type { SessionTarget } from "../connection/session.ts";

/** Credentials that give these headers and stop at the first refusal with `{ refusedWith: status }`. */
export function giveHeaders(headers: Record<string, string> = {}): Credentials {
  return {
    headers: async () => ({ kind: "headers", headers }),
    refused: async ({ status }) => ({ stop: { refusedWith: status } }),
  };
}

/** A target with an era cache of its own, so that tests do not see each other. */
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
 * How many times as long as parsing its JSON something takes on a text: what goes through it once or a few times stays below a
 * thousand, whatever the machine is doing; what grows with the square of the length does not.
 */
export function compareWithParsing(text: string, run: (text: string) => unknown): number {
  const json = JSON.stringify(text);
  const parsingMs = Math.max(...Array.from({ length: 5 }, () => timeMs(() => JSON.parse(json))));
  const once = () => timeMs(() => run(text)) / parsingMs;
  // What another program interrupted is measured again: the work itself takes as long each time.
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
