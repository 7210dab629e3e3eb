import type { MiddlewareHandler } from "hono";
import type { HttpEnvironment } from "./environment.ts";

/** The requests that are being answered. A stream counts until its headers are sent. */
export interface RunningRequests {
  middleware: MiddlewareHandler<HttpEnvironment>;
  /** Counts what is not a request of its own, such as an operation on a socket. Returns what ends it, to be called once. */
  begin(): () => void;
  /** Resolves when none is left, or after `timeoutMs`. */
  finished(timeoutMs: number): Promise<void>;
}

export function createRunningRequests(): RunningRequests {
  let count = 0;
  const waiting = new Set<() => void>();

  function begin(): () => void {
    count += 1;
    return () => {
      count -= 1;
      if (count === 0) for (const resolve of waiting) resolve();
    };
  }

  return {
    begin,
    async middleware(_context, next) {
      const end = begin();
      try {
        await next();
      } finally {
        end();
      }
    },
    finished: (timeoutMs) =>
      new Promise((resolve) => {
        const done = () => {
          clearTimeout(timer);
          waiting.delete(done);
          resolve();
        };
        const timer = setTimeout(done, timeoutMs);
        waiting.add(done);
        if (count === 0) done();
      }),
  };
}
