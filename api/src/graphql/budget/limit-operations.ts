import {
  type ExecutionArgs,
  type ExecutionResult,
  getOperationAST,
  GraphQLError,
  OperationTypeNode,
} from "graphql";
import type { Plugin } from "graphql-yoga";
import type { Context } from "../context.ts";
import { readEstimatedCost } from "../document-limits.ts";
import type { Admission } from "./admission.ts";
import { runWithinBudget } from "./run-within-budget.ts";

/**
 * Operations below this cost start immediately. Most documents, and all tool calls, are below it.
 */
const cheapCost = 500;

/**
 * Runs every query and mutation within the budget of its context. Expensive ones wait until
 * they are admitted.
 */
export function limitOperations(admission: Admission): Plugin<Context> {
  return {
    onExecute({ executeFn, setExecuteFn }) {
      setExecuteFn((args: ExecutionArgs) => {
        const { budget, caller } = args.contextValue as Context;
        const execute = () => executeFn(args) as Promise<ExecutionResult> | ExecutionResult;
        const operation = getOperationAST(args.document, args.operationName);
        const cost = operation ? readEstimatedCost(operation) : 0;
        const isMutation = operation?.operation === OperationTypeNode.MUTATION;
        if (!budget || cost < cheapCost) return runWithinBudget(budget, execute, isMutation);
        const { signal } = budget;
        const executeWhenAdmitted = async () => {
          try {
            const admitted = await admission.enter(caller?.userId ?? "", cost, signal);
            budget.followPauses(admitted);
            try {
              return await execute();
            } finally {
              admitted.leave();
            }
          } catch (error) {
            if (error instanceof GraphQLError) return { errors: [error] };
            throw error;
          }
        };
        return runWithinBudget(budget, executeWhenAdmitted, isMutation);
      });
    },
    // A budget applies to one response, but a stream has many.
    onSubscribe({ args }) {
      args.contextValue.budget = undefined;
    },
  };
}
