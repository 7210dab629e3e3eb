import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseInitialScopes, splitScopes, unionScopes } from "./scopes.ts";

describe("splitScopes", () => {
  it("takes each token once, in order, and leaves out what is none", () => {
    expect(splitScopes(" read  write\tread mcp:tools ")).toEqual(["read", "write", "mcp:tools"]);
    expect(splitScopes('a"b a\\b caf\u00e9 ok')).toEqual(["ok"]);
    expect(splitScopes(null)).toEqual([]);
    expect(splitScopes("")).toEqual([]);
  });
});

describe("unionScopes", () => {
  it("MCP-AUTH-14 asks for the union of granted and challenged", () => {
    expect(unionScopes(["read", "offline_access"], ["write", "read"])).toEqual([
      "read",
      "offline_access",
      "write",
    ]);
    expect(unionScopes([], [])).toEqual([]);
  });

  it("MCP-AUTH-14 loses no scope, adds none, repeats none, and is the same again", () => {
    const token = fc.string({
      unit: fc.constantFrom(..."aZ09:/.-_!~"),
      minLength: 1,
      maxLength: 6,
    });
    const list = fc.array(token, { maxLength: 8 });
    fc.assert(
      fc.property(fc.array(list, { maxLength: 4 }), (lists) => {
        const union = unionScopes(...lists);
        expect(new Set(union)).toEqual(new Set(lists.flat()));
        expect(new Set(union).size).toBe(union.length);
        expect(unionScopes(union)).toEqual(union);
        expect(unionScopes(union, ...lists)).toEqual(union);
        expect(splitScopes(union.join(" "))).toEqual(union);
      }),
    );
  });
});

describe("chooseInitialScopes", () => {
  const none = { challenged: null, resourceScopes: null, authorizationServerScopes: null };

  it("MCP-AUTH-13 those that were chosen in the settings, and offline_access all the same", () => {
    const authorizationServerScopes = ["offline_access", "read"];
    const known = { challenged: "read", resourceScopes: ["all"], authorizationServerScopes };
    expect(chooseInitialScopes({ ...known, chosen: ["mine"] })).toEqual(["mine", "offline_access"]);
    expect(chooseInitialScopes({ ...known, chosen: [] })).toEqual(["read", "offline_access"]);
  });

  it("MCP-AUTH-12 the challenge's scope, else the resource's, else none", () => {
    const resourceScopes = ["all", "of", "them"];
    expect(chooseInitialScopes({ ...none, challenged: "read", resourceScopes })).toEqual(["read"]);
    expect(chooseInitialScopes({ ...none, challenged: " ", resourceScopes })).toEqual(
      resourceScopes,
    );
    expect(chooseInitialScopes({ ...none, resourceScopes })).toEqual(resourceScopes);
    expect(chooseInitialScopes(none)).toEqual([]);
  });

  it("MCP-AUTH-12 never the authorization server's own list", () => {
    expect(chooseInitialScopes({ ...none, authorizationServerScopes: ["admin"] })).toEqual([]);
  });

  it("MCP-AUTH-13 C10 adds offline_access where the authorization server lists it, once", () => {
    const authorizationServerScopes = ["openid", "offline_access"];
    expect(chooseInitialScopes({ ...none, challenged: "read", authorizationServerScopes })).toEqual(
      ["read", "offline_access"],
    );
    expect(
      chooseInitialScopes({
        ...none,
        challenged: "offline_access read",
        authorizationServerScopes,
      }),
    ).toEqual(["offline_access", "read"]);
    expect(chooseInitialScopes({ ...none, authorizationServerScopes })).toEqual(["offline_access"]);
  });
});
