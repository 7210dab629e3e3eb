/** Conventions of the GraphQL API that hold for every field of a kind. */
import { getNullableType, isNonNullType } from "graphql";
import { describe, expect } from "vitest";
import { schema } from "#graphql/schema.ts";
import { it } from "./support/shared-gatehouse.ts";

describe("Q1 mutations", () => {
  it("are nullable, whatever their result is", () => {
    const fields = Object.values(schema.getMutationType()?.getFields() ?? {});
    expect(fields.length).toBeGreaterThan(30);
    expect(fields.filter(({ type }) => isNonNullType(type))).toEqual([]);
    expect(fields.every(({ type }) => getNullableType(type) === type)).toBe(true);
  });

  it("keep their result if another one in the document fails", async ({ ada }) => {
    const { data, errors } = await ada.graphql(
      `mutation ($id: ID!) {
        first: updateWorkspace(input: { id: $id, name: "First" }) { name }
        second: updateWorkspace(input: { id: $id, name: "" }) { name }
        third: updateWorkspace(input: { id: $id, name: "Third" }) { name }
      }`,
      { id: ada.workspaceId },
    );
    expect(data).toEqual({ first: { name: "First" }, second: null, third: { name: "Third" } });
    expect(errors).toMatchObject([{ path: ["second"], extensions: { code: "BAD_USER_INPUT" } }]);
  });
});
