/** Fields that send requests to other servers: how they are declared, and how many a document may have. */
import { type GraphQLField, GraphQLError, type ValidationRule } from "graphql";
import type { Plugin } from "graphql-yoga";

/**
 * Declares a field whose resolver contacts a server that a user named. It is counted for its caller, and has a deadline of its own, during
 * which the operation's clock stops.
 */
export const contactsServer = { extensions: { contactsServer: true } } as const;

/** Declares a field that calls a tool, which has limits of its own. */
export const callsTool = { extensions: { callsTool: true } } as const;

/** In one document, under whatever aliases. */
const mostPerDocument = 20;
/** One of these sends dozens of requests. */
const oncePerDocument: readonly string[] = ["detectServer", "diagnoseServer"];

export function isContactingServer(
  field: Pick<GraphQLField<unknown, unknown>, "extensions">,
): boolean {
  return field.extensions["contactsServer"] === true;
}

/** Refuses, before anything runs, a document that would send more requests than that. */
export function limitOutboundFields(): Plugin {
  return { onValidate: ({ addValidationRule }) => addValidationRule(outboundFieldsRule) };
}

const outboundFieldsRule: ValidationRule = (context) => {
  const seen = new Set<string>();
  let count = 0;
  return {
    Field(node) {
      const field = context.getFieldDef();
      if (!field || !(isContactingServer(field) || field.extensions["callsTool"] === true)) return;
      const { name } = field;
      if (oncePerDocument.includes(name) && seen.has(name))
        context.reportError(tooMany(`${name} can be selected once per document.`));
      seen.add(name);
      count += 1;
      if (count === mostPerDocument + 1)
        context.reportError(
          tooMany(
            `A document can have ${mostPerDocument} fields that contact other servers, such as ${name}.`,
          ),
        );

      function tooMany(message: string): GraphQLError {
        const extensions = { code: "QUERY_TOO_COMPLEX", limit: mostPerDocument };
        return new GraphQLError(message, { nodes: [node], extensions });
      }
    },
  };
};
