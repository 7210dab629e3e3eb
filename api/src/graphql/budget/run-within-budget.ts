import type { ExecutionResult, GraphQLError } from "graphql";
import type { OperationBudget } from "./operation-budget.ts";

/**
 * Runs an operation within its budget. At the deadline the response of a query is the error alone, at once. The response of a mutation, and
 * every response beyond the byte budget, is what was done and read until then, with null where the rest would be, and one error: what
 * mutations have changed is never left out.
 *
 * @param budget undefined: one stream of many responses, each of which has its own
 */
export function runWithinBudget(
  budget: OperationBudget | undefined,
  run: () => Promise<ExecutionResult> | ExecutionResult,
  isMutation = false,
): Promise<ExecutionResult> | ExecutionResult {
  const result = run();
  if (!budget) return result;
  return result instanceof Promise
    ? waitWithinBudget(budget, result, isMutation)
    : conclude(budget, result);
}

async function waitWithinBudget(
  budget: OperationBudget,
  work: Promise<ExecutionResult>,
  isMutation: boolean,
): Promise<ExecutionResult> {
  const late = await budget.raceDeadline(work).catch((error: unknown) => {
    budget.finish();
    throw error;
  });
  if (!late || isMutation) return conclude(budget, await work);
  // It ends at its next field, and its outcome is of no use.
  work.catch(() => {}).finally(() => budget.finish());
  return { errors: [late] };
}

/** Once a budget is used up, every further field fails in the same way: the first error stands for all of them. */
function conclude(budget: OperationBudget, result: ExecutionResult): ExecutionResult {
  budget.finish();
  const { failure } = budget;
  const { errors } = result;
  if (!failure || !errors || errors.length < 2) return result;
  const isFailure = (error: GraphQLError) => error === failure || error.originalError === failure;
  const first = errors.find(isFailure);
  return { ...result, errors: errors.filter((error) => error === first || !isFailure(error)) };
}
