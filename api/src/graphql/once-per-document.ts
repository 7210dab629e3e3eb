import { GraphQLError, type ValidationRule } from "graphql";
import type { Plugin } from "graphql-yoga";

/** Refuses, before anything runs, a document that selects one of these fields of Query twice: each costs as much as many others. */
export function allowOncePerDocument(fields: readonly string[]): Plugin {
  const rule: ValidationRule = (context) => {
    const seen = new Set<string>();
    return {
      Field(node) {
        const name = node.name.value;
        if (!fields.includes(name) || context.getParentType()?.name !== "Query") return;
        if (seen.has(name))
          context.reportError(
            new GraphQLError(`${name} may be asked for once per document.`, {
              nodes: [node],
              extensions: { code: "QUERY_TOO_COMPLEX" },
            }),
          );
        seen.add(name);
      },
    };
  };
  return { onValidate: ({ addValidationRule }) => addValidationRule(rule) };
}
