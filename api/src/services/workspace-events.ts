import type { Database, WorkspaceRole } from "@gatehouse/prisma";
import type { Bus } from "../events/bus.ts";
import { decodeCursor, encodeCursor, type Position } from "../events/cursor.ts";
import { type LoggedEvent, type LogExtent, readExtent } from "../events/log.ts";
import { streamEvents } from "../events/stream.ts";
import { abortable } from "./abortable.ts";
import { type Access, type Caller, requireCaller } from "./access.ts";
import { InputFaults, notFound, ServiceError } from "./errors.ts";
import {
  type EventFilter,
  isAskedFor,
  maySee,
  whereAskedFor,
  whereMaySee,
} from "./event-selection.ts";

/** An entry of the log on its way to somebody who may see it. */
export interface DeliveredEvent extends Omit<LoggedEvent, "payload" | "seq"> {
  cursor: string;
  payload: Record<string, unknown>;
}

/** As Relay names them; cursors as `encodeCursor` made them. */
export interface EventPageRequest {
  first: number | null;
  after: string | null;
  last: number | null;
  before: string | null;
}

/**
 * Oldest first, or newest first when asked for with `last` or `before` alone. Where what is asked for is rare, a page may be short or
 * empty although there is more: `endCursor` is where to go on, whether or not an event stands there.
 */
export interface EventPage {
  events: DeliveredEvent[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  startCursor: string | null;
  endCursor: string | null;
}

export interface WorkspaceEvents {
  /** @throws ServiceError UNAUTHENTICATED, NOT_FOUND for whoever is no member, CURSOR_INVALID, BAD_USER_INPUT */
  list(
    caller: Caller | null,
    workspaceId: string,
    page: EventPageRequest,
    filter: EventFilter,
  ): Promise<EventPage>;
  /**
   * What came after the cursor, then what comes, each event once and in order; null: what comes. Rejects as `list` does; ends with
   * FORBIDDEN once the caller is no member any more.
   */
  subscribe(
    caller: Caller | null,
    workspaceId: string,
    after: string | null,
    filter: EventFilter,
  ): Promise<AsyncIterable<DeliveredEvent>>;
}

export interface WorkspaceEventsDeps {
  db: Database;
  bus: Bus;
  access: Access;
  /** So many entries of the log are looked through for a page at most. */
  scanLimit?: number;
}

const defaultPageSize = 20;
const maxPageSize = 100;
const defaultScanLimit = 50_000;

export function createWorkspaceEvents(deps: WorkspaceEventsDeps): WorkspaceEvents {
  const { db, bus, access, scanLimit = defaultScanLimit } = deps;

  async function readLog(workspaceId: string): Promise<LogExtent> {
    const log = await readExtent(db, workspaceId);
    if (!log) throw notFound("workspace");
    return log;
  }

  async function* follow(
    caller: Caller,
    workspaceId: string,
    filter: EventFilter,
    from: Position,
    signal: AbortSignal,
  ): AsyncGenerator<DeliveredEvent, void> {
    for await (const event of streamEvents({ db, bus }, { workspaceId, seq: from.seq }, signal)) {
      if (!isAskedFor(filter, caller, event)) continue;
      // The right is that of the moment of delivery, not of subscribing.
      const role = await access.roleIn(caller, workspaceId);
      if (!role)
        throw new ServiceError("FORBIDDEN", "You are no longer a member of this workspace.");
      if (maySee(caller, role, event)) yield deliver(event, from.epoch);
    }
  }

  /** Both ends exclusive. The log has no holes, so a span of numbers is a number of rows. */
  function readSpan(
    caller: Caller,
    role: WorkspaceRole,
    workspaceId: string,
    filter: EventFilter,
    span: { after: bigint; before: bigint; newestFirst: boolean; most: number },
  ): Promise<LoggedEvent[]> {
    return db.workspaceEvent.findMany({
      where: {
        workspaceId,
        seq: { gt: span.after, lt: span.before },
        AND: [...whereAskedFor(filter, caller), whereMaySee(caller, role)],
      },
      orderBy: { seq: span.newestFirst ? "desc" : "asc" },
      take: span.most,
    });
  }

  return {
    async list(maybeCaller, workspaceId, page, filter) {
      const size = readPageSize(page);
      const caller = requireCaller(maybeCaller);
      const role = await access.roleIn(caller, workspaceId);
      if (!role) throw notFound("workspace");
      const log = await readLog(workspaceId);
      const after = page.after === null ? null : readCursor(page.after, log);
      // Nothing is missing before a place whose entries are gone.
      const before = page.before === null ? null : readCursor(page.before, log, { mayBeOld: true });
      const lowest = after ?? log.oldestSeq;
      const highest = before ?? log.seq + 1n;
      const newestFirst = page.first === null && (page.last !== null || page.before !== null);
      const reach = BigInt(scanLimit);
      const span = newestFirst
        ? { after: highest - 1n - reach > lowest ? highest - 1n - reach : lowest, before: highest }
        : { after: lowest, before: lowest + 1n + reach < highest ? lowest + 1n + reach : highest };
      const most = size + 1;
      const found = await readSpan(caller, role, workspaceId, filter, {
        ...span,
        newestFirst,
        most,
      });
      const events = found.slice(0, size).map((event) => deliver(event, log.epoch));
      const isFull = found.length > size;
      const wasCut = !isFull && (newestFirst ? span.after > lowest : span.before < highest);
      const edgeOfScan = newestFirst ? span.after + 1n : span.before - 1n;
      const endOfScan = wasCut ? encodeCursor({ epoch: log.epoch, seq: edgeOfScan }) : null;
      const hasMore = isFull || wasCut;
      return {
        events,
        hasNextPage: newestFirst ? highest <= log.seq : hasMore,
        hasPreviousPage: newestFirst ? hasMore : lowest > log.oldestSeq,
        startCursor: events[0]?.cursor ?? endOfScan,
        endCursor: endOfScan ?? events.at(-1)?.cursor ?? null,
      };
    },

    async subscribe(maybeCaller, workspaceId, after, filter) {
      const caller = await access.requireWorkspace(maybeCaller, workspaceId, "see");
      const log = await readLog(workspaceId);
      const seq = after === null ? log.seq : readCursor(after, log);
      return abortable((signal) =>
        follow(caller, workspaceId, filter, { epoch: log.epoch, seq }, signal),
      );
    },
  };
}

function deliver({ seq, payload, ...event }: LoggedEvent, epoch: string): DeliveredEvent {
  const cursor = encodeCursor({ epoch, seq });
  return { ...event, cursor, payload: payload as Record<string, unknown> };
}

/** @throws ServiceError CURSOR_INVALID for what is not of this log, or of a part that is gone */
function readCursor(text: string, log: LogExtent, { mayBeOld = false } = {}): bigint {
  const cursor = decodeCursor(text);
  const isOld = cursor !== null && cursor.seq < log.oldestSeq;
  if (!cursor || cursor.epoch !== log.epoch || cursor.seq > log.seq || (isOld && !mayBeOld))
    throw new ServiceError(
      "CURSOR_INVALID",
      "That cursor is not of this log any more: read the state anew.",
      { oldestCursor: encodeCursor({ epoch: log.epoch, seq: log.oldestSeq }) },
    );
  return cursor.seq;
}

function readPageSize({ first, last }: EventPageRequest): number {
  const faults = new InputFaults();
  if (first !== null && last !== null) faults.add("last", "Give first or last, not both.");
  if (first !== null && first < 0) faults.add("first", "Give a number from 0 to 100.");
  if (last !== null && last < 0) faults.add("last", "Give a number from 0 to 100.");
  faults.throwIfAny();
  return Math.min(first ?? last ?? defaultPageSize, maxPageSize);
}
