import type { ToolExecutionStatus } from "@gatehouse/prisma";
import type { ContentBlock } from "#mcp/calls/content.ts";
import type { ExecutionContent, ExecutionProgress } from "#storage/execution-content.ts";
import type { ExecutionStore } from "#storage/execution-store.ts";
import type { ExecutionWriter } from "#storage/execution-writer.ts";
import type { Execution, ExecutionContents } from "#storage/execution.ts";
import { type Access, type Caller, isAllowed, requireCaller } from "../access/access.ts";
import { InputFaults, notFound } from "../access/service-error.ts";
import { isUuid } from "../access/input.ts";
import { toContentBlock, type ToolContentBlock } from "./tool-content.ts";

export type { Execution, ExecutionProgress };

export interface ExecutionFilter {
  serverId: string | null;
  /** Null for executions with any status. */
  status: readonly ToolExecutionStatus[] | null;
  toolName: string | null;
}

/**
 * A page of executions, newest first. With a filter that matches few executions, a page may be short or empty although there are more;
 * continue from `endCursor`, which need not belong to a returned execution.
 */
export interface ExecutionPage {
  edges: { cursor: string; node: Execution }[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  startCursor: string | null;
  endCursor: string | null;
}

/**
 * The history of executions. Metadata is visible to the user that started an execution and to admins; arguments and results only to that
 * user.
 */
export interface ExecutionHistory {
  /** Null if the caller may not see it. */
  find(caller: Caller | null, id: string): Promise<Execution | null>;
  /** Returns the executions in the order of `ids`, using one query. */
  findMany(caller: Caller | null, ids: readonly string[]): Promise<(Execution | null)[]>;
  /** @throws ServiceError UNAUTHENTICATED, NOT_FOUND if the caller is not a member, BAD_USER_INPUT */
  list(
    caller: Caller | null,
    workspaceId: string,
    page: { first: number | null; after: string | null },
    filter: ExecutionFilter,
  ): Promise<ExecutionPage>;
  /**
   * Null for other users, after the arguments have been erased, and if the encryption key is missing. `load` reads arguments that are not
   * in memory.
   */
  readArguments(caller: Caller | null, execution: Execution, load: LoadContents): Promise<unknown>;
  readContent(
    caller: Caller | null,
    execution: Execution,
    load: LoadContents,
  ): Promise<ReadContent | null>;
  readProgress(caller: Caller | null, execution: Execution): ExecutionProgress | null;
  /** Returns the contents in the order of `ids`. All executions must belong to the caller. */
  loadContents(ids: readonly string[]): Promise<(ExecutionContents | null)[]>;
}

export interface ReadContent {
  content: ToolContentBlock[];
  structuredContent: unknown;
  /** Messages about automatic actions of Gatehouse during the execution. */
  notes: string[];
}

export type LoadContents = (id: string) => Promise<ExecutionContents | null>;

export interface ExecutionHistoryDeps {
  access: Access;
  store: ExecutionStore;
  /** Finds executions that this process has not stored yet. */
  writer: Pick<ExecutionWriter, "find">;
  /** The maximum number of rows that are scanned for one page. */
  scanLimit?: number;
}

const defaultPageSize = 20;
const maxPageSize = 100;
const defaultScanLimit = 10_000;

export function createExecutionHistory(deps: ExecutionHistoryDeps): ExecutionHistory {
  const { access, store, writer, scanLimit = defaultScanLimit } = deps;

  function isRunner(caller: Caller | null, execution: Execution): boolean {
    return caller?.userId === execution.startedById;
  }

  async function findMany(
    caller: Caller | null,
    ids: readonly string[],
  ): Promise<(Execution | null)[]> {
    if (!caller) return ids.map(() => null);
    const unwritten = new Map(ids.map((id) => [id, writer.find(id)]));
    const missing = ids.filter((id) => !unwritten.get(id));
    const stored = missing.length > 0 ? await store.findMany(missing) : [];
    const byId = new Map(stored.map((execution) => [execution.id, execution]));
    const found = ids.map((id) => unwritten.get(id) ?? byId.get(id) ?? null);
    const workspaceIds = [...new Set(found.flatMap((one) => one?.workspaceId ?? []))];
    const roles = new Map(
      await Promise.all(
        workspaceIds.map(async (id) => [id, await access.roleIn(caller, id)] as const),
      ),
    );
    return found.map((execution) => {
      const role = execution && roles.get(execution.workspaceId);
      if (!role) return null;
      return isRunner(caller, execution) || isAllowed(role, "administer") ? execution : null;
    });
  }

  async function readContents(execution: Execution, load: LoadContents) {
    return execution.contents ?? (await load(execution.id));
  }

  return {
    find: async (caller, id) => (await findMany(caller, [id]))[0] ?? null,
    findMany,

    async list(maybeCaller, workspaceId, { first, after }, filter) {
      const { size, beforeId } = readPage(first, after);
      const caller = requireCaller(maybeCaller);
      const role = await access.roleIn(caller, workspaceId);
      if (!role) throw notFound("workspace");
      const startedById = isAllowed(role, "administer") ? null : caller.userId;
      const { ids, stoppedAtId } = await store.readIds(
        { ...filter, workspaceId, startedById },
        { beforeId, most: size + 1, scanLimit },
      );
      const hasMore = ids.length > size;
      const found = await store.findMany(ids.slice(0, size));
      const edges = found.map((execution) => ({
        cursor: encodePlace(execution.id),
        node: writer.find(execution.id) ?? execution,
      }));
      const last = stoppedAtId ?? ids[Math.min(ids.length, size) - 1] ?? null;
      return {
        edges,
        hasNextPage: hasMore || stoppedAtId !== null,
        hasPreviousPage: beforeId !== null,
        startCursor: edges[0]?.cursor ?? (last && encodePlace(last)),
        endCursor: last && encodePlace(last),
      };
    },

    async readArguments(caller, execution, load) {
      if (!isRunner(caller, execution)) return null;
      return (await readContents(execution, load))?.arguments ?? null;
    },

    async readContent(caller, execution, load) {
      if (!isRunner(caller, execution)) return null;
      const result = (await readContents(execution, load))?.result;
      return result ? toContent(result) : null;
    },

    readProgress: (caller, execution) => (isRunner(caller, execution) ? execution.progress : null),

    loadContents: (ids) => store.readContents(ids),
  };
}

function toContent({ content, structuredContent, notes = [] }: ExecutionContent): ReadContent {
  return { content: (content as ContentBlock[]).map(toContentBlock), structuredContent, notes };
}

/** Encodes a cursor, which is opaque to clients. */
function encodePlace(id: string): string {
  return Buffer.from(`run:${id}`).toString("base64url");
}

/** @throws ServiceError BAD_USER_INPUT */
function readPage(first: number | null, after: string | null) {
  const faults = new InputFaults();
  if (first !== null && first < 0) faults.add("first", "Enter a number from 0 to 100.");
  const [kind, id = ""] =
    after === null ? [] : Buffer.from(after, "base64url").toString().split(":");
  if (after !== null && (kind !== "run" || !isUuid(id)))
    faults.add("after", "Enter a cursor of this list.");
  faults.throwIfAny();
  return {
    size: Math.min(first ?? defaultPageSize, maxPageSize),
    beforeId: after === null ? null : id,
  };
}
