import { expect, it } from "vitest";
import { readFilters, writeFilters } from "./list-filters.ts";

it.each([
  ["", { search: "", onlySignIn: false }],
  ["q=acme+notes", { search: "acme notes", onlySignIn: false }],
  ["q=a%26b&show=sign-in", { search: "a&b", onlySignIn: true }],
  ["show=nonsense", { search: "", onlySignIn: false }],
])("reads %j and writes it again", (query, filters) => {
  const params = new URLSearchParams(query);
  expect(readFilters(params)).toEqual(filters);
  expect(readFilters(writeFilters(new URLSearchParams(), filters))).toEqual(filters);
});

it("leaves no empty parameter behind, and others as they are", () => {
  const params = new URLSearchParams("q=acme&show=sign-in&tab=x");
  expect(writeFilters(params, { search: "", onlySignIn: false }).toString()).toBe("tab=x");
});
