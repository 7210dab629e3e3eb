import type { Bus } from "#events/bus.ts";
import { topics } from "#events/topics.ts";
import { validateArguments, type ArgumentIssue } from "#mcp/json-schema/arguments.ts";
import { fillDefaults } from "#mcp/elicitation/form-schema.ts";
import type { Answer, Question } from "#mcp/elicitation/elicitation.ts";
import type {
  AnsweredStatus,
  ElicitationOutcome,
  ElicitationQuestion,
  ElicitationRow,
  ElicitationStore,
  NewElicitation,
} from "#storage/elicitation-store.ts";
import { type Access, type Caller, requireCaller } from "../access/access.ts";
import { InputFaults, notFound, ServiceError } from "../access/service-error.ts";

export type { ElicitationQuestion, ElicitationRow };

/** The execution that requests input, and the user on whose behalf it runs. */
export interface AskingRun {
  executionId: string;
  userId: string;
  workspaceId: string;
  serverId: string | null;
}

export type AnswerAction = "ACCEPT" | "DECLINE" | "CANCEL";

export interface AnswerInput {
  id: string;
  action: AnswerAction;
  /** An object, with ACCEPT in form mode; null and undefined mean an empty object. */
  content: unknown;
}

export type AnswerOutcome =
  | { __typename: "ElicitationAnswered"; elicitation: ElicitationRow }
  | { __typename: "InvalidElicitationAnswer"; message: string; issues: ArgumentIssue[] };

/** Requests of servers for input from the user on whose behalf a tool runs. No other user can see or answer them. */
export interface Elicitations {
  /**
   * Asks a question and waits for the answer, which may be given in any process. Returns `cancel` if nobody answers in time or `signal`
   * aborts. The execution has the status WAITING_FOR_INPUT in the meantime. Never rejects: internal errors are logged, and the server
   * receives `cancel`.
   */
  ask(run: AskingRun, question: Question, signal: AbortSignal): Promise<Answer>;
  /** @throws ServiceError NOT_FOUND for other users, CONFLICT if it has been answered or has expired, FORBIDDEN */
  answer(caller: Caller | null, input: AnswerInput): Promise<AnswerOutcome>;
  /** Returns the elicitations in the order of `ids`, using one query. Null for other users. */
  findMany(caller: Caller | null, ids: readonly string[]): Promise<(ElicitationRow | null)[]>;
  /** Returns the pending elicitations of the caller's executions in the order of `executionIds`, using one query. */
  findPendingOf(
    caller: Caller | null,
    executionIds: readonly string[],
  ): Promise<(ElicitationRow | null)[]>;
  /** Returns the caller's pending elicitations, oldest first, at most 100. */
  listPending(caller: Caller | null, workspaceId: string): Promise<ElicitationRow[]>;
  /**
   * Decrypts the questions in the order of `ids`, using one query. Null if deleted or not decryptable. The caller must be allowed to see
   * all of them.
   */
  openElicitations(ids: readonly string[]): Promise<(ElicitationQuestion | null)[]>;
}

export interface ElicitationsDeps {
  access: Access;
  store: ElicitationStore;
  bus: Bus;
  runs: {
    /** Sets and stores the status WAITING_FOR_INPUT. Returns false if the execution is ending. */
    wait(executionId: string): Promise<boolean>;
    /** Sets the status RUNNING again. */
    resume(executionId: string): Promise<void>;
  };
  log(message: string, details: object): void;
  /** How long a question can be answered, in milliseconds. */
  ttlMs?: number;
}

/** The time that a user has for one answer. The timeout of the tool is paused in the meantime. */
const defaultTtlMs = 5 * 60_000;
/** Fallback for lost NOTIFY messages. */
const pollMs = 1_000;
/** Expiry is measured on the database's clock. If the database is not available, the local clock applies after this additional time. */
const graceMs = 30_000;
const mostPending = 100;

const statusOf: Record<AnswerAction, AnsweredStatus> = {
  ACCEPT: "ACCEPTED",
  DECLINE: "DECLINED",
  CANCEL: "CANCELLED",
};

export function createElicitations(deps: ElicitationsDeps): Elicitations {
  const { access, store, bus, runs, ttlMs = defaultTtlMs } = deps;

  async function waitForAnswer(
    row: ElicitationRow,
    signal: AbortSignal,
  ): Promise<ElicitationOutcome> {
    using watch = bus.watch(topics.elicitation(row.id));
    const untilMs = performance.now() + ttlMs + graceMs;
    let isFailing = false;
    while (!signal.aborted && performance.now() < untilMs) {
      try {
        const outcome = await store.take(row.id);
        if (outcome.status !== "PENDING") return outcome;
        isFailing = false;
      } catch (error) {
        // The database may become available again before the user answers.
        if (!isFailing)
          deps.log("a question cannot be looked at for now", {
            err: error,
            elicitationId: row.id,
          });
        isFailing = true;
      }
      await watch.next(pollMs, signal);
    }
    // A concurrent answer was either stored before this update, or receives CONFLICT.
    await store.end(row.id, "EXPIRED");
    return await store.take(row.id);
  }

  async function put(run: AskingRun, question: Question, signal: AbortSignal): Promise<Answer> {
    try {
      // Awaited first, so that earlier status changes of the execution are stored before the question.
      if (!(await runs.wait(run.executionId))) return { action: "cancel" };
      const row = await store.create(describeElicitation(run, question), ttlMs);
      await store.announce(row);
      return toAnswer(await waitForAnswer(row, signal));
    } finally {
      await runs.resume(run.executionId);
    }
  }

  async function require(caller: Caller, id: string): Promise<ElicitationRow> {
    const [row] = await store.findMany([id]);
    const isTheirs = row?.userId === caller.userId;
    if (!row || !isTheirs || !(await access.roleIn(caller, row.workspaceId)))
      throw notFound("question");
    await access.requireWorkspace(caller, row.workspaceId, "use");
    return row;
  }

  async function openElicitations(ids: readonly string[]): Promise<(ElicitationQuestion | null)[]> {
    const opened = await store.openElicitations(ids, (error) =>
      deps.log("a question could not be opened", {
        error: error instanceof Error ? error.name : "unknown",
      }),
    );
    return ids.map((id) => opened.get(id) ?? null);
  }

  return {
    async ask(run, question, signal) {
      try {
        return await put(run, question, signal);
      } catch (error) {
        deps.log("a question could not be put", { err: error, executionId: run.executionId });
        return { action: "cancel" };
      }
    },

    async answer(maybeCaller, { id, action, content }) {
      const row = await require(requireCaller(maybeCaller), id);
      if (row.status !== "PENDING") throw tooLate();
      let given: Record<string, unknown> | null = null;
      if (action === "ACCEPT" && row.mode === "FORM") {
        const [question] = await openElicitations([row.id]);
        if (!question?.requestedSchema) throw tooLate();
        const filled = fillDefaults(question.requestedSchema, content ?? {});
        const issues = validateArguments(question.requestedSchema, filled);
        if (issues.length > 0)
          return {
            __typename: "InvalidElicitationAnswer",
            message: "The answer does not match the requested form.",
            issues,
          };
        given = filled as Record<string, unknown>;
      } else if (content != null) {
        const faults = new InputFaults();
        faults.add("content", "Only an accepted form has content.");
        faults.throwIfAny();
      }
      const answered = await store.answer(id, statusOf[action], given);
      if (!answered) throw tooLate();
      return { __typename: "ElicitationAnswered", elicitation: answered };
    },

    async findMany(caller, ids) {
      const rows = caller ? await store.findMany(ids) : [];
      const own = rows.filter(({ userId }) => userId === caller?.userId);
      const workspaceIds = [...new Set(own.map(({ workspaceId }) => workspaceId))];
      const roles = new Map(
        await Promise.all(
          workspaceIds.map(async (id) => [id, await access.roleIn(caller, id)] as const),
        ),
      );
      const byId = new Map(
        own.filter(({ workspaceId }) => roles.get(workspaceId)).map((row) => [row.id, row]),
      );
      return ids.map((id) => byId.get(id) ?? null);
    },

    async findPendingOf(caller, executionIds) {
      const rows = caller ? await store.findPendingOf(executionIds) : [];
      const own = rows.filter(({ userId }) => userId === caller?.userId);
      const byRun = new Map(own.map((row) => [row.executionId, row]));
      return executionIds.map((id) => byRun.get(id) ?? null);
    },

    async listPending(caller, workspaceId) {
      if (!caller || !(await access.roleIn(caller, workspaceId))) return [];
      return store.listPending(caller.userId, workspaceId, mostPending);
    },

    openElicitations,
  };
}

function describeElicitation(run: AskingRun, question: Question): NewElicitation {
  const { message } = question;
  return question.mode === "url"
    ? { ...run, mode: "URL", question: { message, requestedSchema: null, url: question.url } }
    : {
        ...run,
        mode: "FORM",
        question: { message, requestedSchema: question.requestedSchema, url: null },
      };
}

function toAnswer(outcome: ElicitationOutcome): Answer {
  switch (outcome.status) {
    case "ACCEPTED":
      return { action: "accept", content: outcome.content as Record<string, unknown> | null };
    case "DECLINED":
      return { action: "decline" };
    default:
      return { action: "cancel" };
  }
}

function tooLate(): ServiceError {
  return new ServiceError("CONFLICT", "This question has already been answered or has ended.");
}
