import { describe, expect, it } from "vitest";
import { listGivable, mayGive, nameRole, roles } from "./role-words.ts";

describe("roles", () => {
  it("are given by admins, and that of an owner by owners alone", () => {
    const table = roles.map((giver) => [giver, listGivable(giver)]);
    expect(Object.fromEntries(table)).toEqual({
      VIEWER: [],
      MEMBER: [],
      ADMIN: ["VIEWER", "MEMBER", "ADMIN"],
      OWNER: ["VIEWER", "MEMBER", "ADMIN", "OWNER"],
    });
    expect(mayGive("ADMIN", "OWNER")).toBe(false);
  });

  it("have the article that goes with them", () => {
    expect(roles.map(nameRole)).toEqual(["a viewer", "a member", "an admin", "an owner"]);
  });
});
