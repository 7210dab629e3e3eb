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
  // A database that is away for a moment ends nothing: the log is read on from where it was.
  const readPage = (after: bigint) =>
    readEventsAfter(deps.db, from.workspaceId, after, pageSize).catch(() => null);
  while (!signal.aborted) {
    const page = await readPage(seq);
    if (page === null) {
      await watch.next(pollMs, signal);
      continue;
    }
    for (const event of page) {
      if (signal.aborted) return;
      yield event;
      seq = event.seq;
    }
    if (page.length < pageSize) await watch.next(pollMs, signal);
  }
}
