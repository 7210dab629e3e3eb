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

/** On whose behalf a tool runs, and in which run. */
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
  /** With ACCEPT in form mode: an object; null and undefined are an empty one. */
  content: unknown;
}

export type AnswerOutcome =
  | { __typename: "ElicitationAnswered"; elicitation: ElicitationRow }
  | { __typename: "InvalidElicitationAnswer"; message: string; issues: ArgumentIssue[] };

/** Questions of servers to the person on whose behalf a tool runs. Nobody else sees or answers them. */
export interface Elicitations {
  /**
   * Puts a question and waits for the answer, on whichever process it is given: `cancel` when nobody answers in time, or once `signal`
   * aborts. The run waits for input meanwhile. Never rejects: what fails inside is logged, and the server is told `cancel`.
   */
  ask(run: AskingRun, question: Question, signal: AbortSignal): Promise<Answer>;
  /** @throws ServiceError NOT_FOUND for everybody but the person, CONFLICT when it is answered or over, FORBIDDEN */
  answer(caller: Caller | null, input: AnswerInput): Promise<AnswerOutcome>;
  /** In the order of `ids`, in one statement. Null for everybody but the person. */
  findMany(caller: Caller | null, ids: readonly string[]): Promise<(ElicitationRow | null)[]>;
  /** The ones that runs of the caller's wait for, in the order of `executionIds`, in one statement. */
  findPendingOf(
    caller: Caller | null,
    executionIds: readonly string[],
  ): Promise<(ElicitationRow | null)[]>;
  /** The caller's own that wait for an answer, oldest first, at most a hundred. */
  listPending(caller: Caller | null, workspaceId: string): Promise<ElicitationRow[]>;
  /** In the order of `ids`, in one statement. Null when it is forgotten or cannot be opened. Give it only ids of what the caller may see. */
  openQuestions(ids: readonly string[]): Promise<(ElicitationQuestion | null)[]>;
}

export interface ElicitationsDeps {
  access: Access;
  store: ElicitationStore;
  bus: Bus;
  runs: {
    /** The run waits for input, for everybody to see, and stored. False: it does not go on any more. */
    wait(executionId: string): Promise<boolean>;
    /** It goes on. */
    resume(executionId: string): Promise<void>;
  };
  log(message: string, details: object): void;
  /** How long a question waits, in milliseconds. */
  ttlMs?: number;
}

/** A person has so long for one answer; the tool's own timeout stands still meanwhile. */
const defaultTtlMs = 5 * 60_000;
/** Behind NOTIFY, which may be lost. */
const pollMs = 1_000;
/** The database's clock says when time is up; with the database away, ours does so much later. */
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
        // The database may be back before the person has answered.
        if (!isFailing)
          deps.log("a question cannot be looked at for now", {
            err: error,
            elicitationId: row.id,
          });
        isFailing = true;
      }
      await watch.next(pollMs, signal);
    }
    // Whoever answers at this very moment either was first, or learns that it is over.
    await store.end(row.id, "EXPIRED");
    return await store.take(row.id);
  }

  async function put(run: AskingRun, question: Question, signal: AbortSignal): Promise<Answer> {
    try {
      // First: what the run did about the question before is in the database once this is.
      if (!(await runs.wait(run.executionId))) return { action: "cancel" };
      const row = await store.create(describeQuestion(run, question), ttlMs);
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

  async function openQuestions(ids: readonly string[]): Promise<(ElicitationQuestion | null)[]> {
    const opened = await store.openQuestions(ids, (error) =>
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
        const [question] = await openQuestions([row.id]);
        if (!question?.requestedSchema) throw tooLate();
        const filled = fillDefaults(question.requestedSchema, content ?? {});
        const issues = validateArguments(question.requestedSchema, filled);
        if (issues.length > 0)
          return {
            __typename: "InvalidElicitationAnswer",
            message: "The answer does not fit what is asked.",
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

    openQuestions,
  };
}

function describeQuestion(run: AskingRun, question: Question): NewElicitation {
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
  return new ServiceError("CONFLICT", "This question is answered already, or over.");
}
