import { expect, it } from "vitest";
import { suggestNames } from "./similar-names.ts";

const names = ["count", "create_issue", "list_issues", "get_issue", "delete", "x"];

it.each([
  ["cuont", ["count"]],
  ["conut", ["count"]],
  ["COUNT", ["count"]],
  ["coun", ["count"]],
  ["creat_issue", ["create_issue", "get_issue"]],
  ["issue", ["get_issue", "list_issues", "create_issue"]],
  ["delte", ["delete"]],
  ["something_else", []],
  ["y", []],
  ["", []],
])("S17 %j suggests %j", (wanted, expected) => {
  expect(suggestNames(wanted, names)).toEqual(expected);
});

it("S17 of long lists with long names, three at most are suggested", () => {
  const many = Array.from({ length: 2_000 }, (_, index) => `${"n".repeat(200)}_${index}`);
  expect(suggestNames(`${"n".repeat(200)}_1234`, many)).toHaveLength(3);
});
