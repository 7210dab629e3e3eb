/**
 * A token endpoint with rotation and reuse detection, for tests of the refresher: one grant, with
 * named faults.
 */
import type { Fetch } from "../ports.ts";

export interface FakeTokenEndpoint {
  fetch: Fetch;
  /** All refresh tokens that arrived, in order. */
  readonly received: string[];
  readonly bodies: URLSearchParams[];
  readonly headers: Headers[];
  /** The refresh token that is currently valid; null once the token family is revoked. */
  current(): string | null;
  /** Replaces the next response. With `consume` the refresh token is used up nevertheless. */
  answerNext(answer: () => Response | Promise<Response>, options?: { consume: boolean }): void;
  /**
   * Resolves when the next request has arrived. The response is sent when the returned function is
   * called.
   */
  holdNext(): { arrived: Promise<void>; answer: () => void };
}

interface Script {
  before?: () => Promise<void>;
  answer?: () => Response | Promise<Response>;
  consume: boolean;
}

/** @param answerFields merged into each token response */
export function createFakeTokenEndpoint(
  options: { expiresInS?: number | null; answerFields?: Record<string, unknown> } = {},
): FakeTokenEndpoint {
  const { expiresInS = 3600, answerFields = {} } = options;
  let generation = 0;
  let revoked = false;
  const received: string[] = [];
  const bodies: URLSearchParams[] = [];
  const allHeaders: Headers[] = [];
  const scripts: Script[] = [];
  const current = (): string => `refresh-${generation}`;

  const rotate = (token: string): Response => {
    if (revoked || token !== current()) {
      revoked = true;
      return Response.json({ error: "invalid_grant" }, { status: 400 });
    }
    generation++;
    return Response.json({
      access_token: `access-${generation}`,
      token_type: "Bearer",
      refresh_token: current(),
      ...(expiresInS === null ? {} : { expires_in: expiresInS }),
      ...answerFields,
    });
  };

  return {
    received,
    bodies,
    headers: allHeaders,
    current: () => (revoked ? null : current()),
    answerNext: (answer, { consume } = { consume: false }) => scripts.push({ answer, consume }),
    holdNext() {
      const arrived = Promise.withResolvers<void>();
      const answered = Promise.withResolvers<void>();
      scripts.push({
        before: () => {
          arrived.resolve();
          return answered.promise;
        },
        consume: true,
      });
      return { arrived: arrived.promise, answer: answered.resolve };
    },
    fetch: async (_input, init) => {
      const script = scripts.shift();
      const body = new URLSearchParams(typeof init?.body === "string" ? init.body : "");
      const token = body.get("refresh_token") ?? "";
      bodies.push(body);
      allHeaders.push(new Headers(init?.headers));
      received.push(token);
      // The state changes when the request arrives, as in a real server. The response can be late
      // or lost.
      const ruled = script?.answer && !script.consume ? null : rotate(token);
      if (script?.before) await Promise.race([script.before(), untilAborted(init?.signal)]);
      init?.signal?.throwIfAborted();
      return (await script?.answer?.()) ?? ruled ?? Response.error();
    },
  };
}

function untilAborted(signal: AbortSignal | null | undefined): Promise<void> {
  return new Promise((resolve) =>
    signal?.addEventListener("abort", () => resolve(), { once: true }),
  );
}
