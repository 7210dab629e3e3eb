import { object, type CorpusCase } from "./corpus-case.ts";

const draft2020 = "https://json-schema.org/draft/2020-12/schema";

/** Issues, pages and messages, as Linear, Notion, Atlassian, Slack and Asana declare their tools. */
export const work: CorpusCase[] = [
  {
    name: "issue with constants that have titles",
    schema: object(
      {
        title: { type: "string" },
        team: { type: "string", format: "uuid" },
        priority: {
          oneOf: [
            { const: 0, title: "None" },
            { const: 1, title: "Urgent" },
            { const: 2, title: "High" },
          ],
        },
        dueDate: { type: "string", format: "date" },
        labelIds: { type: "array", items: { type: "string", format: "uuid" } },
      },
      ["title", "team"],
      { $schema: draft2020 },
    ),
    valid: {
      title: "t",
      team: "6b3f1a52-0f2b-4ad0-9f5e-0a4cf2a0f6d1",
      priority: 1,
      dueDate: "2026-12-01",
    },
    invalid: { title: "t", team: "6b3f1a52-0f2b-4ad0-9f5e-0a4cf2a0f6d1", priority: 9 },
    at: "/priority",
  },
  {
    name: "list with a cursor and a relative date",
    schema: object({
      limit: { type: "number", default: 50, maximum: 250 },
      cursor: { type: "string" },
      updatedAt: { type: "string", pattern: "^(-P|\\d{4}-)" },
      includeArchived: { type: "boolean", default: true },
      orderBy: { type: "string", enum: ["createdAt", "updatedAt"], default: "updatedAt" },
    }),
    valid: { updatedAt: "-P7D", includeArchived: false },
    invalid: { limit: 251 },
    at: "/limit",
  },
  {
    name: "no arguments at all",
    schema: { type: "object" },
    valid: {},
    invalid: [] as unknown as Record<string, unknown>,
    at: "",
  },
  {
    name: "no arguments, said strictly",
    schema: object({}, [], { additionalProperties: false, $schema: draft2020 }),
    valid: {},
    invalid: { verbose: true },
    at: "/verbose",
  },
  {
    name: "pages with properties of any shape",
    schema: object(
      {
        parent: {
          anyOf: [
            object({ page_id: { type: "string" } }, ["page_id"]),
            object({ database_id: { type: "string" } }, ["database_id"]),
          ],
        },
        pages: {
          type: "array",
          maxItems: 100,
          items: object({
            properties: { type: "object", additionalProperties: { type: "string" } },
            content: { type: "string" },
          }),
        },
      },
      ["pages"],
    ),
    valid: { parent: { page_id: "p" }, pages: [{ properties: { title: "T" }, content: "# T" }] },
    invalid: { parent: { space: "s" }, pages: [] },
    at: "/parent",
  },
  {
    name: "rich text with references to shared parts",
    schema: object(
      {
        block_id: { type: "string" },
        children: { type: "array", items: { $ref: "#/$defs/block" } },
      },
      ["block_id", "children"],
      {
        $defs: {
          richText: object({ content: { type: "string", maxLength: 2_000 } }, ["content"]),
          block: object(
            {
              type: { enum: ["paragraph", "heading"] },
              rich_text: { type: "array", items: { $ref: "#/$defs/richText" } },
            },
            ["type"],
          ),
        },
      },
    ),
    valid: { block_id: "b", children: [{ type: "paragraph", rich_text: [{ content: "Hi" }] }] },
    invalid: { block_id: "b", children: [{ type: "paragraph", rich_text: [{}] }] },
    at: "/children/0/rich_text/0/content",
  },
  {
    name: "a filter that contains itself",
    schema: object({ filter: { $ref: "#/$defs/filter" }, page_size: { type: "integer" } }, [], {
      $defs: {
        filter: {
          type: "object",
          properties: {
            property: { type: "string" },
            equals: { type: "string" },
            and: { type: "array", items: { $ref: "#/$defs/filter" } },
            or: { type: "array", items: { $ref: "#/$defs/filter" } },
          },
        },
      },
    }),
    valid: { filter: { and: [{ property: "a", equals: "b" }, { or: [{ property: "c" }] }] } },
    invalid: { filter: { and: [{ property: 7 }] } },
    at: "/filter/and/0/property",
  },
  {
    name: "definitions of draft-07",
    schema: {
      $schema: "http://json-schema.org/draft-07/schema#",
      definitions: { user: object({ accountId: { type: "string" } }, ["accountId"]) },
      ...object(
        {
          cloudId: { type: "string" },
          assignee: { $ref: "#/definitions/user" },
          watchers: { type: "array", items: { $ref: "#/definitions/user" } },
        },
        ["cloudId"],
      ),
    },
    valid: { cloudId: "c", assignee: { accountId: "1" }, watchers: [{ accountId: "2" }] },
    invalid: { cloudId: "c", watchers: [{}] },
    at: "/watchers/0/accountId",
  },
  {
    name: "issue fields as anything that is given",
    schema: object(
      {
        issueIdOrKey: { type: "string", pattern: "^[A-Z][A-Z0-9]+-\\d+$" },
        fields: { type: "object", additionalProperties: {} },
        returnIssue: { type: "boolean", default: true },
      },
      ["issueIdOrKey", "fields"],
    ),
    valid: { issueIdOrKey: "GATE-12", fields: { summary: "S", points: 3, tags: ["a"] } },
    invalid: { issueIdOrKey: "gate 12", fields: {} },
    at: "/issueIdOrKey",
  },
  {
    name: "a document format, as one of two constants",
    schema: object(
      {
        spaceId: { type: "string" },
        title: { type: "string", maxLength: 255 },
        body: { type: "string" },
        contentFormat: { anyOf: [{ const: "markdown" }, { const: "adf" }], default: "markdown" },
      },
      ["spaceId", "body"],
    ),
    valid: { spaceId: "1", body: "b", contentFormat: "adf" },
    invalid: { spaceId: "1", body: "b", contentFormat: "html" },
    at: "/contentFormat",
  },
  {
    name: "message with blocks told apart by a constant",
    schema: object(
      {
        channel_id: { type: "string", pattern: "^[CDG][A-Z0-9]{5,}$" },
        text: { type: "string", maxLength: 4_000 },
        thread_ts: { type: "string" },
        blocks: {
          type: "array",
          items: {
            oneOf: [
              object({ type: { const: "section" }, text: { type: "string" } }, ["type", "text"]),
              object({ type: { const: "divider" } }, ["type"], { additionalProperties: false }),
            ],
          },
        },
      },
      ["channel_id", "text"],
    ),
    valid: { channel_id: "C012345", text: "Hi", blocks: [{ type: "divider" }] },
    invalid: { channel_id: "general", text: "Hi" },
    at: "/channel_id",
  },
  {
    name: "a set of channels to choose from",
    schema: object(
      {
        types: {
          type: "array",
          uniqueItems: true,
          minItems: 1,
          items: { enum: ["public_channel", "private_channel", "im", "mpim"] },
          default: ["public_channel"],
        },
        limit: { type: "integer", exclusiveMinimum: 0, maximum: 999, default: 100 },
      },
      ["types"],
    ),
    valid: { types: ["im", "mpim"] },
    invalid: { types: ["im"], limit: 0 },
    at: "/limit",
  },
  {
    name: "people by their addresses",
    schema: object(
      {
        attendees: {
          type: "array",
          items: object({ email: { type: "string", format: "email" } }, ["email"]),
        },
        start: object({ dateTime: { type: "string" }, timeZone: { type: "string" } }, ["dateTime"]),
        sendUpdates: { enum: ["all", "externalOnly", "none", null] },
      },
      ["start"],
    ),
    valid: { start: { dateTime: "2026-12-01T10:00:00" }, attendees: [{ email: "a@b.example" }] },
    invalid: { start: { timeZone: "Europe/Paris" } },
    at: "/start/dateTime",
  },
  {
    name: "a task that takes parts from several schemas",
    schema: {
      allOf: [
        object({ name: { type: "string" } }, ["name"]),
        object({ project: { type: "string" }, due: { type: "string", format: "date" } }),
      ],
    },
    valid: { name: "n", project: "p", due: "2026-12-01" },
    invalid: { project: "p" },
    at: "/name",
  },
];
