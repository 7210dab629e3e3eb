import type { Database, WorkspaceRole } from "@gatehouse/prisma";
import { decodeCursor, encodeCursor, markOf, type Position } from "#events/cursor.ts";
import {
  type LoggedEvent,
  type LogExtent,
  type LogHead,
  readExtent,
  readMarks,
} from "#events/log.ts";
import type { Tails } from "#events/tail.ts";
import { abortable, type Aborting } from "#async/abortable-generator.ts";
import { type Access, type Caller, requireCaller } from "../access/access.ts";
import { cursorInvalid, readCursor } from "./checked-cursor.ts";
import { InputFaults, notFound, ServiceError } from "../access/service-error.ts";
import {
  type EventFilter,
  isAskedFor,
  maySee,
  whereAskedFor,
  whereMaySee,
} from "./event-selection.ts";
import type { RoleWatcher } from "./role-watch.ts";

/** An event of the log in the form that is delivered to callers who may see it. */
export interface DeliveredEvent extends Omit<LoggedEvent, "payload" | "seq"> {
  cursor: string;
  payload: Record<string, unknown>;
}

/** Relay pagination arguments. Cursors are those of `encodeCursor`. */
export interface EventPageRequest {
  first: number | null;
  after: string | null;
  last: number | null;
  before: string | null;
}

/**
 * Oldest first, or newest first if requested with `last` or `before` alone. If few events match, a
 * page can be short or empty although there are more: continue at `endCursor`, whether or not it
 * belongs to an event.
 */
export interface EventPage {
  events: DeliveredEvent[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  startCursor: string | null;
  endCursor: string | null;
}

/** The end of a workspace's log at the time when the workspace was read. */
export interface LogEnd {
  workspaceId: string;
  epoch: string;
  seq: bigint;
}

export interface WorkspaceEvents {
  /** Returns the cursors of several ends, for use as `after`. One statement. */
  encodeCursors(ends: readonly LogEnd[]): Promise<string[]>;
  /**
   * @throws ServiceError UNAUTHENTICATED, NOT_FOUND for callers who are not members,
   * CURSOR_INVALID, BAD_USER_INPUT
   */
  list(
    caller: Caller | null,
    workspaceId: string,
    page: EventPageRequest,
    filter: EventFilter,
  ): Promise<EventPage>;
  /**
   * Yields the events after the cursor and then new ones, each once and in order; if null, only new
   * ones. Rejects like `list`. Ends with FORBIDDEN when the caller is no longer a member, and with
   * CURSOR_INVALID when the log was replaced (a backup was restored).
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
  tails: Tails;
  roles: RoleWatcher;
  access: Access;
  /** The maximum number of events that are read for one page. */
  scanLimit?: number;
}

const defaultPageSize = 20;
const maxPageSize = 100;
const defaultScanLimit = 50_000;

export function createWorkspaceEvents(deps: WorkspaceEventsDeps): WorkspaceEvents {
  const { db, tails, roles, access, scanLimit = defaultScanLimit } = deps;

  /** Reads the log together with the values that are needed to check the cursors. */
  async function readLog(workspaceId: string, ...cursors: (string | null)[]): Promise<LogExtent> {
    const places = cursors.flatMap((cursor) => decodeCursor(cursor ?? "")?.seq ?? []);
    const log = await readExtent(db, workspaceId, places);
    if (!log) throw notFound("workspace");
    return log;
  }

  async function* follow(
    caller: Caller,
    filter: EventFilter,
    from: Pick<Position, "seq" | "mark">,
    head: LogHead,
    [signal, abort]: Aborting,
  ): AsyncGenerator<DeliveredEvent, void> {
    const { workspaceId, epoch } = head;
    const { userId } = caller;
    using role = roles.watch({ workspaceId, userId }, () => abort(noMemberAnyMore()));
    const reader = tails.open(from, head);
    signal.addEventListener("abort", reader.close);
    try {
      for (;;) {
        const reading = await reader.read();
        if (reading.kind === "lost") throw await describeLoss(workspaceId);
        if (reading.kind === "closed") break;
        for (const event of reading.events) {
          if (!isAskedFor(filter, caller, event)) continue;
          // Permissions are checked at the time of delivery, not of subscribing.
          const current = role.read(signal);
          const known = current instanceof Promise ? await current : current;
          if (signal.aborted) break;
          if (!known) throw noMemberAnyMore();
          if (maySee(caller, known, event)) yield deliver(event, epoch);
        }
      }
      if (signal.reason instanceof ServiceError) throw signal.reason;
    } finally {
      reader.close();
    }
  }

  /** The error for a cursor that no longer belongs to the log. */
  async function describeLoss(workspaceId: string): Promise<ServiceError> {
    try {
      return cursorInvalid(await readLog(workspaceId));
    } catch (error) {
      return error instanceof ServiceError ? error : cursorInvalid(null);
    }
  }

  async function encodeCursors(ends: readonly LogEnd[]): Promise<string[]> {
    const marks = await readMarks(db, ends);
    return ends.map(({ epoch, seq }, place) =>
      encodeCursor({ epoch, seq, mark: marks[place] ?? "" }),
    );
  }

  /** Both ends are exclusive. The log has no gaps, so a range of numbers is a number of rows. */
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
    encodeCursors,

    async list(maybeCaller, workspaceId, page, filter) {
      const size = readPageSize(page);
      const caller = requireCaller(maybeCaller);
      const role = await access.roleIn(caller, workspaceId);
      if (!role) throw notFound("workspace");
      const log = await readLog(workspaceId, page.after, page.before);
      const after = page.after === null ? null : readCursor(page.after, log).seq;
      // Events that were deleted after their retention are not missing.
      const before =
        page.before === null ? null : readCursor(page.before, log, { mayBeOld: true }).seq;
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
      // The event at this position was read and is not delivered.
      const edge = { workspaceId, epoch: log.epoch, seq: edgeOfScan };
      const [endOfScan = null] = wasCut ? await encodeCursors([edge]) : [];
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
      const log = await readLog(workspaceId, after);
      const from = after === null ? log : readCursor(after, log);
      const { epoch, seq, mark } = log;
      const head = { workspaceId, epoch, seq, mark };
      return abortable((...aborting) => follow(caller, filter, from, head, aborting));
    },
  };
}

/** Shared by all recipients of an event, because it does not depend on the recipient. */
const delivered = new WeakMap<LoggedEvent, DeliveredEvent>();

function deliver(logged: LoggedEvent, epoch: string): DeliveredEvent {
  const known = delivered.get(logged);
  if (known) return known;
  const { seq, payload, ...event } = logged;
  const cursor = encodeCursor({ epoch, seq, mark: markOf(event.id) });
  const made = { ...event, cursor, payload: payload as Record<string, unknown> };
  delivered.set(logged, made);
  return made;
}

function noMemberAnyMore(): ServiceError {
  return new ServiceError("FORBIDDEN", "You are no longer a member of this workspace.");
}

function readPageSize({ first, last }: EventPageRequest): number {
  const faults = new InputFaults();
  if (first !== null && last !== null) faults.add("last", "Specify first or last, not both.");
  if (first !== null && first < 0) faults.add("first", "Enter a number from 0 to 100.");
  if (last !== null && last < 0) faults.add("last", "Enter a number from 0 to 100.");
  faults.throwIfAny();
  return Math.min(first ?? last ?? defaultPageSize, maxPageSize);
}
