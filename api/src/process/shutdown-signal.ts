/** Requests to stop the process: signals, unexpected errors, or calls of `stop`. */

export interface ShutdownSignal {
  /** Aborted at the first request. */
  readonly signal: AbortSignal;
  /** Aborted at the second request: the shutdown no longer waits for anything. */
  readonly hurry: AbortSignal;
  /** Zero unless something failed. */
  readonly exitCode: number;
  /**
   * Requests a shutdown from within the process. `fault` is printed to the terminal and sets the
   * exit code to 1.
   */
  stop(fault?: string): void;
}

/**
 * A Ctrl-C is received from the terminal and, a moment later, from the package manager that
 * forwards it. Both count as one request.
 */
const SAME_REQUEST_MS = 700;

/** Listens until the process ends. */
export function watchForShutdown(report: (fault: string) => void): ShutdownSignal {
  const stopping = new AbortController();
  const hurrying = new AbortController();
  let exitCode = 0;
  let requestedAt = 0;

  const request = () => {
    if (!stopping.signal.aborted) {
      requestedAt = performance.now();
      stopping.abort();
    } else if (performance.now() - requestedAt > SAME_REQUEST_MS) {
      hurrying.abort();
    }
  };
  const stop = (fault?: string) => {
    if (fault !== undefined) {
      exitCode = 1;
      report(fault);
    }
    request();
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, request);
  process.on("uncaughtException", (error) => stop(describeUnexpected(error)));
  // Not a reason to stop: work without a waiting caller has failed, for one of many requests. It
  // leaves nothing incomplete, and stopping the process would end the requests of all users.
  process.on("unhandledRejection", (error) => report(describeUnexpected(error)));
  // The terminal can be closed before this process ends.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

  return {
    signal: stopping.signal,
    hurry: hurrying.signal,
    get exitCode() {
      return exitCode;
    },
    stop,
  };
}

/** Includes the stack trace, because the error was not expected. */
export function describeUnexpected(error: unknown): string {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `Gatehouse failed unexpectedly: ${trace}`;
}
