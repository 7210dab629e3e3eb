import type { MiddlewareHandler } from "hono";
import type { HttpEnvironment } from "./environment.ts";

/** The requests that are being handled. A stream counts until its headers are sent. */
export interface RunningRequests {
  middleware: MiddlewareHandler<HttpEnvironment>;
  /**
   * Counts work that is not a separate request, such as an operation on a socket. Returns the
   * function to call once when it ends.
   */
  begin(): () => void;
  /** Resolves when no request is running, or after `timeoutMs`. */
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
