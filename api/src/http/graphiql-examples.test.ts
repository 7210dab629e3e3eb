import {
  buildSchema,
  type ExecutableDefinitionNode,
  getVariableValues,
  parse,
  validate,
} from "graphql";
import { describe, expect, it } from "vitest";

import { printGatehouseSchema } from "#graphql/printed-schema.ts";
import { exampleOperations } from "./graphiql-examples.ts";

const schema = buildSchema(printGatehouseSchema());

describe("GraphiQL's examples", () => {
  it.each(exampleOperations.map((example) => [nameOf(example.query), example] as const))(
    "%s fits the schema, its variables too",
    (_name, { query, variables }) => {
      const document = parse(query);
      expect(validate(schema, document)).toEqual([]);
      const [operation] = document.definitions;
      if (operation?.kind !== "OperationDefinition") throw new Error("no operation");
      const given = JSON.parse(variables ?? "{}") as Record<string, unknown>;
      const { errors } = getVariableValues(schema, operation.variableDefinitions ?? [], given);
      expect(errors).toBeUndefined();
    },
  );

  it("say in their first line what they do", () => {
    for (const { query } of exampleOperations) expect(query).toMatch(/^# [A-Z].*\.\n/);
  });
});

function nameOf(query: string): string {
  const [definition] = parse(query).definitions as ExecutableDefinitionNode[];
  return definition?.name?.value ?? "";
}
