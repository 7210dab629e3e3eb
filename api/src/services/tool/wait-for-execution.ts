import type { Bus } from "#events/bus.ts";
import { topics } from "#events/topics.ts";
import type { Execution } from "#storage/execution.ts";

/** Fallback for lost NOTIFY messages. */
const pollMs = 500;

/**
 * Waits for an execution to end, which its timeout or the end of its process guarantees, and returns it. Returns its current state if
 * `signal` aborts, or null if it has been deleted.
 */
export async function waitForExecution(
  bus: Pick<Bus, "watch">,
  read: (id: string) => Promise<Execution | null>,
  id: string,
  signal: AbortSignal,
): Promise<Execution | null> {
  using watch = bus.watch(topics.execution(id));
  for (;;) {
    const execution = await read(id);
    if (!execution || execution.finishedAt !== null || signal.aborted) return execution;
    await watch.next(pollMs, signal);
  }
}
