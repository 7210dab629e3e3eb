/**
 * Fields that send requests to other servers: how they are declared, and their maximum number in a
 * document.
 */
import { type GraphQLField, GraphQLError, type ValidationRule } from "graphql";
import type { Plugin } from "graphql-yoga";

/**
 * Declares a field whose resolver contacts a server that a user specified. It counts towards the
 * limit of its caller, and has its own deadline, during which the clock of the operation is
 * stopped.
 */
export const contactsServer = { extensions: { contactsServer: true } } as const;

/** Declares a field that calls a tool. Tool calls have their own limits. */
export const callsTool = { extensions: { callsTool: true } } as const;

/** The maximum number in one document, whatever their aliases. */
const mostPerDocument = 20;
/** Each of these fields sends dozens of requests. */
const oncePerDocument: readonly string[] = ["detectServer", "diagnoseServer"];

export function isContactingServer(
  field: Pick<GraphQLField<unknown, unknown>, "extensions">,
): boolean {
  return field.extensions["contactsServer"] === true;
}

/** Rejects documents that exceed these limits before anything is executed. */
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
