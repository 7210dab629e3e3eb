import { type DocumentNode, execute, type ExecutionResult, type GraphQLSchema } from "graphql";
import type { OperationBudget } from "../budget/operation-budget.ts";
import { runWithinBudget } from "../budget/run-within-budget.ts";
import { isSameForAll } from "./same-for-all.ts";

/** The result of an event, for one subscriber or for many. */
export interface LiveResult {
  readonly result: ExecutionResult;
  /** As JSON, once somebody has written it. */
  text?: string;
}

interface Kept {
  live: LiveResult | Promise<LiveResult | null>;
  /** Infinity: it depends on the event alone. */
  freshUntilMs: number;
}

export interface SharedResults {
  /** Null: each has to make their own. */
  find(
    document: DocumentNode,
    variables: Record<string, unknown> | undefined,
    event: object,
  ): LiveResult | null | Promise<LiveResult | null>;
}

export interface SharedResultsDeps {
  schema: GraphQLSchema;
  /** For what is executed for everybody: there is no caller in it. A new one each time, for plugins keep what they loaded by it. */
  createContext(): { budget?: OperationBudget | undefined };
  clock: { monotonicMs(): number };
}

/** Beyond it each makes their own: what is kept lives as long as the event is remembered. */
const mostDocumentsPerEvent = 8;
/** A longer document may ask for one field a thousand times. */
const longestDocument = 2_000;
/** What had to be looked up was true a moment ago for whoever gets the event now, and not for whoever gets it later. */
const lookUpTtlMs = 500;

/**
 * One execution, and one text, of an event for all subscribers with the same document whose selection is declared to be the same for all.
 * Whether a subscriber may see the event is none of its business: it must have been decided before.
 */
export function createSharedResults(deps: SharedResultsDeps): SharedResults {
  const { schema, clock } = deps;
  /** Parsed documents are cached by their text, so that equal ones are one object. */
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

  /** One with errors is nobody's but the one's whose request it names. */
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
