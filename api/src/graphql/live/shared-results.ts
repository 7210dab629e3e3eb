import { type DocumentNode, execute, type ExecutionResult, type GraphQLSchema } from "graphql";
import type { OperationBudget } from "../budget/operation-budget.ts";
import { runWithinBudget } from "../budget/run-within-budget.ts";
import { isSameForAll } from "./same-for-all.ts";

/** The result of an event, for one or several subscribers. */
export interface LiveResult {
  readonly result: ExecutionResult;
  /** The result as JSON, once it has been serialized. */
  text?: string;
}

interface Kept {
  live: LiveResult | Promise<LiveResult | null>;
  /** Until when the result may be shared. Infinity if it depends on the event only. */
  freshUntilMs: number;
}

export interface SharedResults {
  /** Null: each subscriber must execute the document separately. */
  find(
    document: DocumentNode,
    variables: Record<string, unknown> | undefined,
    event: object,
  ): LiveResult | null | Promise<LiveResult | null>;
}

export interface SharedResultsDeps {
  schema: GraphQLSchema;
  /**
   * The context of a shared execution, without a caller. A new one for each execution, because
   * plugins cache data by context.
   */
  createContext(): { budget?: OperationBudget | undefined };
  clock: { monotonicMs(): number };
}

/**
 * Above this number of documents, results are not shared, because they are kept for as long as the
 * event.
 */
const mostDocumentsPerEvent = 8;
/** A longer document may select one field a thousand times. */
const longestDocument = 2_000;
/**
 * Data that was looked up may be shared for this time, but not with subscribers that receive the
 * event later.
 */
const lookUpTtlMs = 500;

/**
 * Executes and serializes an event once for all subscribers with the same document, if its
 * selection is declared to be the same for all. Whether a subscriber may see the event must be
 * checked before.
 */
export function createSharedResults(deps: SharedResultsDeps): SharedResults {
  const { schema, clock } = deps;
  /** Parsed documents are cached by their text, so that equal documents are the same object. */
  const shareable = new WeakMap<DocumentNode, boolean>();
  const kept = new WeakMap<object, Map<DocumentNode, Kept>>();

  function isShareable(document: DocumentNode): boolean {
    let answer = shareable.get(document);
    if (answer === undefined) {
      const length = document.loc?.end ?? Infinity;
      answer = length <= longestDocument && isSameForAll(schema, document);
      shareable.set(document, answer);
    }
    return answer;
  }

  /** A result with errors is not shared, because it contains the request id of one subscriber. */
  const keepGood = (result: ExecutionResult): LiveResult | null =>
    result.errors ? null : { result };

  return {
    find(document, variables, event) {
      if (!isShareable(document)) return null;
      const ofEvent = kept.get(event) ?? new Map<DocumentNode, Kept>();
      const known = ofEvent.get(document);
      if (known && clock.monotonicMs() < known.freshUntilMs) return known.live;
      if (!known && ofEvent.size >= mostDocumentsPerEvent) return null;
      const contextValue = deps.createContext();
      const made = runWithinBudget(contextValue.budget, () =>
        execute({
          schema,
          document,
          rootValue: event,
          contextValue,
          ...(variables ? { variableValues: variables } : {}),
        }),
      );
      const live = made instanceof Promise ? made.then(keepGood) : keepGood(made);
      if (!live) return null;
      const freshUntilMs = live instanceof Promise ? clock.monotonicMs() + lookUpTtlMs : Infinity;
      kept.set(event, ofEvent.set(document, { live, freshUntilMs }));
      return live;
    },
  };
}
