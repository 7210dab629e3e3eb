import type { Bus } from "../events/bus.ts";
import { topics } from "../events/topics.ts";
import type { Execution } from "../storage/execution.ts";

/** Behind NOTIFY, which may be lost. */
const pollMs = 500;

/**
 * A run's shape once it has ended, however long that takes: a run ends with its timeout, or with its process. Null once it is forgotten.
 */
export async function followToEnd(
  bus: Pick<Bus, "watch">,
  read: (id: string) => Promise<Execution | null>,
  id: string,
): Promise<Execution | null> {
  using watch = bus.watch(topics.execution(id));
  for (;;) {
    const execution = await read(id);
    if (!execution || execution.finishedAt !== null) return execution;
    await watch.next(pollMs);
  }
}
