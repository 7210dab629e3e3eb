import { GraphQLError } from "graphql";

export interface AdmissionLimits {
  /** The maximum estimated cost of all operations that run at the same time in this process. */
  costAtOnce: number;
  /** The maximum estimated cost of the running operations of one caller while others wait. */
  costPerCaller: number;
  /** The maximum number of waiting operations of one caller. */
  waitingPerCaller: number;
  /** The maximum number of waiting operations. */
  waiting: number;
}

/**
 * Decides when an operation may start. Expensive operations run one after the other, and the
 * process responds to others in between.
 */
export interface Admission {
  /**
   * @param signal ends the wait
   * @throws GraphQLError RATE_LIMITED if too many operations are waiting; the reason of the signal
   */
  enter(callerId: string, cost: number, signal: AbortSignal): Promise<AdmittedOperation>;
}

/** An operation that may run. */
export interface AdmittedOperation {
  /**
   * Called when it waits for another server: until `resume` its cost counts for its caller only, so
   * that it does not block other callers.
   */
  pause(): void;
  resume(): void;
  /** Called when it has ended. */
  leave(): void;
}

interface Waiter {
  callerId: string;
  cost: number;
  start(): void;
}

/** An estimate: some of the waiting operations have ended by then. */
const retryAfterMs = 2_000;

export function createAdmission(limits: AdmissionLimits): Admission {
  const queue: Waiter[] = [];
  const costs = new Map<string, number>();
  let total = 0;
  let admissions = 0;
  /** By caller, for as long as any operation is waiting. */
  const lastAdmissions = new Map<string, number>();

  const costOf = (callerId: string) => costs.get(callerId) ?? 0;
  function addToCaller(callerId: string, cost: number): void {
    const sum = costOf(callerId) + cost;
    if (sum > 0) costs.set(callerId, sum);
    else costs.delete(callerId);
  }

  /** An operation always fits when no other is running, whatever its cost. */
  const fits = ({ callerId, cost }: Pick<Waiter, "callerId" | "cost">) =>
    (total === 0 || total + cost <= limits.costAtOnce) &&
    (costOf(callerId) === 0 || costOf(callerId) + cost <= limits.costPerCaller);

  /**
   * Of the operations that fit, chooses one of the caller who has waited longest since their last
   * admission. A caller who sends many operations does not delay others.
   */
  function findNext(): Waiter | undefined {
    const lastOf = ({ callerId }: Waiter) => lastAdmissions.get(callerId) ?? 0;
    let next: Waiter | undefined;
    for (const waiter of queue)
      if (fits(waiter) && (!next || lastOf(waiter) < lastOf(next))) next = waiter;
    return next;
  }

  function startNext(): void {
    if (queue.length === 0) lastAdmissions.clear();
    const next = findNext();
    if (!next) return;
    queue.splice(queue.indexOf(next), 1);
    admissions += 1;
    lastAdmissions.set(next.callerId, admissions);
    next.start();
    // The next operation starts after the event loop has handled what has arrived in the meantime.
    setImmediate(startNext);
  }

  function begin(callerId: string, cost: number): AdmittedOperation {
    let counted = cost;
    let hasLeft = false;
    function count(now: number): void {
      total += now - counted;
      counted = now;
      setImmediate(startNext);
    }
    total += cost;
    addToCaller(callerId, cost);
    return {
      pause: () => count(0),
      resume() {
        if (!hasLeft) count(cost);
      },
      leave() {
        if (hasLeft) return;
        hasLeft = true;
        addToCaller(callerId, -cost);
        count(0);
      },
    };
  }

  return {
    enter(callerId, cost, signal) {
      const mine = queue.filter((waiter) => waiter.callerId === callerId);
      if (queue.length >= limits.waiting || mine.length >= limits.waitingPerCaller)
        return Promise.reject(
          new GraphQLError("Too many costly operations are waiting. Try again in a moment.", {
            extensions: { code: "RATE_LIMITED", retryAfterMs },
          }),
        );
      return new Promise((resolve, reject) => {
        const waiter: Waiter = {
          callerId,
          cost,
          start() {
            signal.removeEventListener("abort", giveUp);
            resolve(begin(callerId, cost));
          },
        };
        const giveUp = () => {
          const index = queue.indexOf(waiter);
          if (index >= 0) queue.splice(index, 1);
          reject(signal.reason as Error);
        };
        if (signal.aborted) return giveUp();
        signal.addEventListener("abort", giveUp, { once: true });
        queue.push(waiter);
        setImmediate(startNext);
      });
    },
  };
}
