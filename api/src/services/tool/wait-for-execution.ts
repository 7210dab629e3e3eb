import type { Bus } from "#events/bus.ts";
import { topics } from "#events/topics.ts";
import type { Execution } from "#storage/execution.ts";

/** Behind NOTIFY, which may be lost. */
const pollMs = 500;

/**
 * A run's shape once it has ended: a run ends with its timeout, or with its process. Its shape before that if `signal` aborts; null once it
 * is forgotten.
 */
export async function followToEnd(
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
