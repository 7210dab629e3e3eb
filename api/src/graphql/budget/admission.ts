import { GraphQLError } from "graphql";

export interface AdmissionLimits {
  /** The estimated cost of all operations that run at once in this process. */
  costAtOnce: number;
  /** The estimated cost of a caller's operations that run at once while others wait. */
  costPerCaller: number;
  /** How many operations of one caller can wait. */
  waitingPerCaller: number;
  /** How many operations can wait. */
  waiting: number;
}

/** Decides when an operation may start, so that costly ones run one after the other and the process answers others between them. */
export interface Admission {
  /**
   * @param signal ends the wait
   * @throws GraphQLError RATE_LIMITED when too many are waiting; the signal's reason
   */
  enter(callerId: string, cost: number, signal: AbortSignal): Promise<Turn>;
}

/** An operation that may run. */
export interface Turn {
  /** It waits for another server: until `resume` its cost counts for its caller alone, so that it holds up nobody else. */
  pause(): void;
  resume(): void;
  /** It has ended. */
  leave(): void;
}

interface Waiter {
  callerId: string;
  cost: number;
  start(): void;
}

/** A guess: some of those that wait have ended by then. */
const retryAfterMs = 2_000;

export function createAdmission(limits: AdmissionLimits): Admission {
  const queue: Waiter[] = [];
  const costs = new Map<string, number>();
  let total = 0;
  let turns = 0;
  /** By caller, while any operation waits. */
  const lastAdmissions = new Map<string, number>();

  const costOf = (callerId: string) => costs.get(callerId) ?? 0;
  function addToCaller(callerId: string, cost: number): void {
    const sum = costOf(callerId) + cost;
    if (sum > 0) costs.set(callerId, sum);
    else costs.delete(callerId);
  }

  /** One alone always fits, however costly it is. */
  const fits = ({ callerId, cost }: Pick<Waiter, "callerId" | "cost">) =>
    (total === 0 || total + cost <= limits.costAtOnce) &&
    (costOf(callerId) === 0 || costOf(callerId) + cost <= limits.costPerCaller);

  /** Of those that fit, one of the caller whose last turn is longest ago: who sends many operations does not keep others waiting. */
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
    turns += 1;
    lastAdmissions.set(next.callerId, turns);
    next.start();
    // The next one begins when the event loop has handled what has arrived meanwhile.
    setImmediate(startNext);
  }

  function begin(callerId: string, cost: number): Turn {
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
