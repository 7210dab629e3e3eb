/** How the process is asked to stop: signals, an unexpected error, or whoever started it. */

export interface ShutdownSignal {
  /** Aborted at the first request. */
  readonly signal: AbortSignal;
  /** Aborted at the second: whatever is still waited for is not waited for any longer. */
  readonly hurry: AbortSignal;
  /** Zero unless something failed. */
  readonly exitCode: number;
  /** Asks from within. `fault` is for the terminal and makes the exit code 1. */
  stop(fault?: string): void;
}

/** A Ctrl-C reaches us from the terminal and, a moment later, from the package manager that passes it on: one request. */
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
  // Not a reason to stop: work that nobody waits for any more has failed, for one request among many. Nothing is left half done by it,
  // and a request that could end the process would end everybody's.
  process.on("unhandledRejection", (error) => report(describeUnexpected(error)));
  // The terminal may be gone before we are.
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

/** With the trace: nobody foresaw this one. */
export function describeUnexpected(error: unknown): string {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `Gatehouse failed unexpectedly: ${trace}`;
}
