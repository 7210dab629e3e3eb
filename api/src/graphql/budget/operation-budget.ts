import { GraphQLError } from "graphql";
import type { MemoryShare } from "./process-memory.ts";

export interface BudgetLimits {
  /**
   * How long an operation may read, in milliseconds. Fields that contact other servers have their
   * own deadlines, during which this clock is stopped.
   */
  deadlineMs: number;
  /** The maximum size of a response, in bytes of JSON. */
  responseBytes: number;
  /**
   * The maximum size of stored JSON that an operation may load, in bytes, whether or not it is part
   * of the response.
   */
  loadedBytes: number;
}

/** Why an operation was ended. */
export type BudgetErrorCode = "DEADLINE_EXCEEDED" | "RESPONSE_TOO_LARGE" | "RATE_LIMITED";

/**
 * The budget of one operation, counted while it runs. Every method that counts throws once the
 * budget is used up.
 */
export interface OperationBudget {
  /** Why the operation was ended; null while it may continue. */
  readonly failure: GraphQLError | null;
  /** Aborted at the deadline, and when the caller disconnects. */
  readonly signal: AbortSignal;
  /** @throws GraphQLError once the budget is used up, the deadline has passed or the caller has disconnected */
  check(): void;
  /** Counts bytes of the response. @throws GraphQLError RESPONSE_TOO_LARGE or RATE_LIMITED */
  addToResponse(bytes: number): void;
  /** Counts stored bytes before they are loaded. @throws GraphQLError RESPONSE_TOO_LARGE or RATE_LIMITED */
  addLoaded(bytes: number): void;
  /** Reserves space for further bytes. @throws GraphQLError RATE_LIMITED */
  reserve(bytes: number): void;
  /** Stops the clock while `work` runs, which has its own deadline. */
  pauseDuring<Value>(work: Promise<Value>): Promise<Value>;
  /** Notifies the follower when the clock stops and continues. */
  followPauses(follower: { pause(): void; resume(): void }): void;
  /** Starts the clock. Resolves to the deadline error, or to undefined if `work` ends first. */
  raceDeadline(work: Promise<unknown>): Promise<GraphQLError | undefined>;
  /** Called when the caller has disconnected, so that the response is not needed. */
  abandon(): void;
  /** The response occupies memory until `onSent` calls back, instead of until it is complete. */
  holdUntil(onSent: (release: () => void) => void): void;
  /** Called when the response is complete. */
  finish(): void;
}

/** The number of checks between two reads of the clock. */
const checksPerLook = 64;
/** An estimate: other responses have been sent by then. */
const busyRetryAfterMs = 1_000;

/** @param memory the shared memory of the operations of this process, or of one caller */
export function createOperationBudget(limits: BudgetLimits, memory: MemoryShare): OperationBudget {
  let failure: GraphQLError | null = null;
  let controller: AbortController | null = null;
  let checks = 0;
  let responseBytes = 0;
  let loadedBytes = 0;
  let occupiedBytes = 0;
  /** The part that is no longer needed when the response is complete. */
  let occupiedByLoaded = 0;
  /** The part that is occupied but not yet used. */
  let reservedBytes = 0;
  let isHeld = false;
  let isReleased = false;
  let pauses = 0;
  let leftMs = limits.deadlineMs;
  let runningSinceMs: number | null = null;
  let timer: NodeJS.Timeout | undefined;
  let isRacing = false;
  let onDeadline = () => {};
  let follower = { pause() {}, resume() {} };

  function fail(code: BudgetErrorCode, message: string, extensions: object = {}): GraphQLError {
    failure ??= new GraphQLError(message, { extensions: { code, ...extensions } });
    controller?.abort(failure);
    return failure;
  }

  const failLate = () =>
    fail(
      "DEADLINE_EXCEEDED",
      `The operation took longer than ${limits.deadlineMs / 1_000} seconds. Ask for less at once.`,
      { deadlineMs: limits.deadlineMs },
    );

  function occupy(bytes: number): void {
    if (isReleased) return;
    const missing = Math.max(bytes - reservedBytes, 0);
    if (memory.take(missing)) {
      occupiedBytes += missing;
      reservedBytes -= bytes - missing;
      return;
    }
    throw fail(
      "RATE_LIMITED",
      "The server is processing too many large responses. Try again in a moment.",
      { retryAfterMs: busyRetryAfterMs },
    );
  }

  function release(): void {
    if (isReleased) return;
    isReleased = true;
    memory.giveBack(occupiedBytes);
  }

  function startClock(): void {
    if (pauses > 0 || runningSinceMs !== null) return;
    runningSinceMs = performance.now();
    timer = setTimeout(
      () => {
        failLate();
        onDeadline();
      },
      Math.max(leftMs, 1),
    );
  }

  function stopClock(): void {
    clearTimeout(timer);
    if (runningSinceMs === null) return;
    leftMs -= performance.now() - runningSinceMs;
    runningSinceMs = null;
  }

  return {
    get failure() {
      return failure;
    },
    get signal() {
      controller ??= new AbortController();
      if (failure && !controller.signal.aborted) controller.abort(failure);
      return controller.signal;
    },
    check() {
      if (failure) throw failure;
      checks += 1;
      // Timers do not run while fields are resolved synchronously, so the clock is also read here.
      if (checks % checksPerLook !== 0 || runningSinceMs === null) return;
      if (performance.now() - runningSinceMs > leftMs) throw failLate();
    },
    addToResponse(bytes) {
      if (failure) throw failure;
      responseBytes += bytes;
      if (responseBytes > limits.responseBytes)
        throw fail(
          "RESPONSE_TOO_LARGE",
          `The response is larger than ${limits.responseBytes} bytes. Ask for less at once.`,
          { maxBytes: limits.responseBytes },
        );
      occupy(bytes);
    },
    addLoaded(bytes) {
      if (failure) throw failure;
      loadedBytes += bytes;
      if (loadedBytes > limits.loadedBytes)
        throw fail(
          "RESPONSE_TOO_LARGE",
          `The operation reads more than ${limits.loadedBytes} stored bytes. Ask for less at once.`,
          { maxBytes: limits.loadedBytes },
        );
      occupy(bytes);
      occupiedByLoaded += bytes;
    },
    reserve(bytes) {
      if (failure) throw failure;
      if (bytes <= reservedBytes) return;
      occupy(bytes);
      reservedBytes = bytes;
    },
    async pauseDuring(work) {
      pauses += 1;
      stopClock();
      if (pauses === 1) follower.pause();
      try {
        return await work;
      } finally {
        pauses -= 1;
        if (pauses === 0) follower.resume();
        if (isRacing) startClock();
      }
    },
    followPauses(given) {
      follower = given;
    },
    async raceDeadline(work) {
      const late = new Promise<GraphQLError>((resolve) => {
        onDeadline = () => resolve(failLate());
      });
      isRacing = true;
      startClock();
      try {
        return await Promise.race([work.then(() => undefined), late]);
      } finally {
        isRacing = false;
        stopClock();
      }
    },
    abandon() {
      fail("DEADLINE_EXCEEDED", "The caller has disconnected.");
    },
    holdUntil(onSent) {
      isHeld = true;
      onSent(release);
    },
    finish() {
      if (!isHeld) release();
      if (isReleased) return;
      const unneeded = occupiedByLoaded + reservedBytes;
      memory.giveBack(unneeded);
      occupiedBytes -= unneeded;
      occupiedByLoaded = 0;
      reservedBytes = 0;
    },
  };
}
