import type { Database } from "@gatehouse/prisma";
import type { Bus } from "./bus.ts";
import { type LoggedEvent, readEventsAfter } from "./log.ts";
import { topics } from "./topics.ts";

const pageSize = 200;
/** Behind NOTIFY, which may be lost. */
const pollMs = 1_000;

/**
 * The log of a workspace after `seq`: what is there, then what comes, each event once and in order. It pulls: a consumer that
 * is slow costs no memory, and reads on from where it is. Ends when `signal` aborts.
 */
export async function* streamEvents(
  deps: { db: Database; bus: Bus },
  from: { workspaceId: string; seq: bigint },
  signal: AbortSignal,
): AsyncGenerator<LoggedEvent, void> {
  using watch = deps.bus.watch(topics.workspace(from.workspaceId));
  let seq = from.seq;
  while (!signal.aborted) {
    const page = await readEventsAfter(deps.db, from.workspaceId, seq, pageSize);
    for (const event of page) {
      if (signal.aborted) return;
      yield event;
      seq = event.seq;
    }
    if (page.length < pageSize) await watch.next(pollMs, signal);
  }
}
