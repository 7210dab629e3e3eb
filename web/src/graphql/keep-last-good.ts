import { mapExchange, type CombinedError, type Exchange } from "urql";
import { readErrorCode } from "./errors.ts";

/** These pass: what was seen before is still the best there is. Others (FORBIDDEN, say) are an answer. */
const passingCodes = new Set(["INTERNAL_SERVER_ERROR", "RATE_LIMITED"]);

/**
 * Keeps what a query answered last when a later try fails in passing: a screen then has both, the data to show and the
 * error to mark it as old with. Stands before the cache, which forgets its own data on an answer without any.
 */
export function keepLastGood(): Exchange {
  const lastGood = new Map<number, unknown>();
  return mapExchange({
    onOperation(operation) {
      if (operation.kind === "teardown") lastGood.delete(operation.key);
    },
    onResult(result) {
      const { operation, error } = result;
      if (operation.kind !== "query") return undefined;
      if (result.data != null) {
        lastGood.set(operation.key, result.data);
        return undefined;
      }
      const data = lastGood.get(operation.key);
      return error && passes(error) && data !== undefined ? { ...result, data } : undefined;
    },
  });
}

function passes(error: CombinedError): boolean {
  const code = readErrorCode(error);
  return error.networkError !== undefined || (code !== undefined && passingCodes.has(code));
}
