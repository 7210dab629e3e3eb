import {
  createSourceEventStream,
  type DocumentNode,
  execute,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
} from "graphql";
import type { OperationBudget } from "../budget/operation-budget.ts";
import { runWithinBudget } from "../budget/run-within-budget.ts";
import type { LiveResult, SharedResults } from "./shared-results.ts";

export interface LiveOperation {
  /** A valid document with a subscription. */
  document: DocumentNode;
  operationName: string | null;
  variables?: Record<string, unknown>;
}

export interface SubscriberDeps<Request, Context> {
  schema: GraphQLSchema;
  shared: SharedResults;
  createContext(request: Request): Context;
  /** Masks the errors of a result for its client. */
  mask(result: ExecutionResult, request: Request): ExecutionResult;
}

/** Ends after a result with errors if its source failed. */
export type LiveResults = AsyncIterableIterator<LiveResult, undefined>;

/**
 * Runs a subscription like `subscribe` of graphql-js, but uses little memory while there are no
 * events. The context of the resolvers is created for each event, so that no loaded data becomes
 * outdated.
 */
export function createSubscriber<Request, Context extends { budget?: OperationBudget | undefined }>(
  deps: SubscriberDeps<Request, Context>,
) {
  const { schema, shared, createContext, mask } = deps;

  async function makeOwn(
    { document, operationName, variables }: LiveOperation,
    request: Request,
    event: object,
  ): Promise<LiveResult> {
    const contextValue = createContext(request);
    const run = () =>
      execute({
        schema,
        document,
        operationName,
        ...(variables ? { variableValues: variables } : {}),
        rootValue: event,
        contextValue,
      });
    const result = await runWithinBudget(contextValue.budget, run);
    return { result: mask(result, request) };
  }

  function describeFailure(error: unknown, { document }: LiveOperation, request: Request) {
    const originalError = error instanceof Error ? error : new Error(String(error));
    const nodes = document.definitions.filter(({ kind }) => kind === "OperationDefinition");
    const located = new GraphQLError(originalError.message, { originalError, nodes });
    return { result: mask({ errors: [located] }, request) };
  }

  function run(
    source: AsyncIterator<object>,
    operation: LiveOperation,
    request: Request,
  ): LiveResults {
    let hasFailed = false;
    return {
      async next() {
        if (hasFailed) return { done: true, value: undefined };
        try {
          const step = await source.next();
          if (step.done) return { done: true, value: undefined };
          const event = step.value;
          const found = shared.find(operation.document, operation.variables, event);
          const known = found instanceof Promise ? await found : found;
          return { done: false, value: known ?? (await makeOwn(operation, request, event)) };
        } catch (error) {
          hasFailed = true;
          return { done: false, value: describeFailure(error, operation, request) };
        }
      },
      async return() {
        await source.return?.();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  /** Returns the results, or one result with errors if the subscription is rejected. */
  return async function subscribe(
    operation: LiveOperation,
    request: Request,
  ): Promise<LiveResults | ExecutionResult> {
    const { document, operationName, variables } = operation;
    const source = await createSourceEventStream({
      schema,
      document,
      operationName,
      ...(variables ? { variableValues: variables } : {}),
      contextValue: createContext(request),
    });
    if (!(Symbol.asyncIterator in source)) return mask(source, request);
    return run((source as AsyncIterable<object>)[Symbol.asyncIterator](), operation, request);
  };
}
