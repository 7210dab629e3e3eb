import type { ExecutionResult, GraphQLError } from "graphql";
import type { OperationBudget } from "./operation-budget.ts";

/**
 * Runs an operation within its budget. At the deadline, the response of a query is immediately
 * replaced by the error alone. The response of a mutation, and every response above the byte limit,
 * contains everything up to that point, null for the rest, and one error: the changes of a mutation
 * are never left out.
 *
 * @param budget undefined for a stream of several responses, each of which has its own budget
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
  // The operation ends at its next field, and its result is not used.
  work.catch(() => {}).finally(() => budget.finish());
  return { errors: [late] };
}

/**
 * Once a budget is used up, every further field fails with the same error, so only the first one is
 * returned.
 */
function conclude(budget: OperationBudget, result: ExecutionResult): ExecutionResult {
  budget.finish();
  const { failure } = budget;
  const { errors } = result;
  if (!failure || !errors || errors.length < 2) return result;
  const isFailure = (error: GraphQLError) => error === failure || error.originalError === failure;
  const first = errors.find(isFailure);
  return { ...result, errors: errors.filter((error) => error === first || !isFailure(error)) };
}
