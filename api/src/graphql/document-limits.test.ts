import { parse, specifiedRules, validate } from "graphql";
import { describe, expect, it } from "vitest";
import { createLimitRule } from "./document-limits.ts";
import { schema } from "./schema.ts";

const rule = createLimitRule({
  depth: 8,
  aliases: 5,
  fields: 1_000,
  eventFields: 50,
  introspection: 5_000,
});
const refuse = (document: string) =>
  validate(schema, parse(document), [...specifiedRules, rule]).map(({ message }) => message);

const servers = (page: string, inside: string) =>
  `{ viewer { workspaces(first: 1) { nodes { mcpServers${page} { nodes { ${inside} } } } } } }`;

describe("documents", () => {
  it.each([
    ["a page of what it was asked for", servers("(first: 100)", "id name")],
    ["a page whose length is not said", servers("", "id name description authType")],
    ["no page", servers("(last: 1)", "tools(first: 100) { nodes { name } }")],
    ["introspection", "{ __schema { types { name } } }"],
    ["a few ids", `{ nodes(ids: ["a", "b"]) { id } }`],
  ])("may ask for %s", (_what, document) => {
    expect(refuse(document)).toEqual([]);
  });

  it.each([
    ["pages within pages", servers("(first: 100)", "tools(first: 100) { nodes { name } }")],
    ["pages at the other end", servers("(last: 100)", "tools(last: 100) { nodes { name } }")],
    [
      "a page as long as a variable says",
      `query ($n: Int = 1) ${servers("(first: $n)", "tools(first: $n) { nodes { name } }")}`,
    ],
    [
      "fragments that are spread again and again",
      `${servers("(first: 100)", "...A ...B ...C")}
      fragment A on McpServer { tools(first: 3) { nodes { name } } } fragment B on McpServer { ...A }
      fragment C on McpServer { ...A ...B }`,
    ],
    [
      "A2 pages of each of many ids",
      `{ nodes(ids: ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]) {
        ... on Workspace { mcpServers(first: 100) { nodes { id } } } } }`,
    ],
    [
      "A2 pages of as many ids as a variable says",
      "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Workspace { mcpServers { nodes { id } } } } }",
    ],
    [
      "A2 lists without a page in every entry of a page",
      `{ nodes(ids: ["a"]) { ... on Workspace { mcpServers(first: 100) { nodes { ...Steps } } } } }
      fragment Steps on McpServer { oauthStatus { activeFlow { steps { kind } } } }`,
    ],
  ])("may not ask for %s: QUERY_TOO_COMPLEX", (_what, document) => {
    expect(refuse(document)).toEqual([
      "The response could have more than 1000 fields. Ask for less at once.",
    ]);
  });

  it("A2 may not ask for the schema of every type of every field", () => {
    const document = "{ __schema { types { fields { type { fields { name } } } } } }";
    expect(refuse(document)).toEqual([
      "The response could have more than 5000 fields of the schema. Ask for less at once.",
    ]);
  });

  it("A2 lists of a server weigh more than their selection, because they are loaded whole", () => {
    const count = (inside: string) => servers("(first: 50)", inside);
    expect(refuse(count("name url"))).toEqual([]);
    expect(refuse(count("tools(first: 1) { totalCount }"))).toEqual([
      "The response could have more than 1000 fields. Ask for less at once.",
    ]);
  });

  it("A2 may ask for less with each event of a subscription", () => {
    const document = `subscription { workspaceEvents(workspaceId: "w") {
      server { workspace { mcpServers(first: 100) { nodes { id } } } } } }`;
    expect(refuse(document)).toEqual([
      "The response could have more than 50 fields. Ask for less at once.",
    ]);
  });

  it("may not be nested too deeply, fragments counted", () => {
    const inside = "workspace { mcpServers(first: 1) { nodes { ...Deep } } }";
    const document = `${servers("(first: 1)", inside)} fragment Deep on McpServer { workspace { id } }`;
    expect(refuse(document)).toEqual([
      "The document is nested more than 8 levels deep. Ask for less at once.",
    ]);
  });

  it("may not have many aliases, wherever they stand", () => {
    const document = `{ a: viewer { ...V } b: viewer { ...V } c: viewer { ...V } }
      fragment V on Viewer { d: user { id } }`;
    expect(refuse(document)).toEqual([
      "The document has more than 5 aliases. Ask for less at once.",
    ]);
  });

  it("end where a fragment is within itself", () => {
    expect(refuse("{ viewer { ...V } } fragment V on Viewer { user { id } ...V }")).toEqual([
      'Cannot spread fragment "V" within itself.',
    ]);
  });
});
