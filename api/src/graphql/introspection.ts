import { type DocumentNode, GraphQLError, Kind, visit } from "graphql";
import type { Plugin } from "graphql-yoga";
import type { RequestContext } from "./context.ts";

/**
 * Allows introspection of the schema only to authenticated callers. `__typename` does not count as
 * introspection.
 */
export function refuseIntrospection(): Plugin<RequestContext, RequestContext> {
  /** By document, because parsed documents are cached by their text. */
  const known = new WeakMap<DocumentNode, boolean>();

  function isIntrospection(document: DocumentNode): boolean {
    let answer = known.get(document);
    if (answer === undefined) {
      answer = asksForSchema(document);
      known.set(document, answer);
    }
    return answer;
  }

  return {
    // Not during validation, because validation results are cached for all callers.
    onExecute({ args, setResultAndStopExecution }) {
      if (args.contextValue.viewer || !isIntrospection(args.document)) return;
      const extensions = { code: "UNAUTHENTICATED" };
      const error = new GraphQLError("Sign in to read the schema.", { extensions });
      setResultAndStopExecution({ errors: [error] });
    },
  };
}

function asksForSchema(document: DocumentNode): boolean {
  let answer = false;
  visit(document, {
    [Kind.FIELD]({ name }) {
      if (name.value === "__schema" || name.value === "__type") answer = true;
    },
  });
  return answer;
}
