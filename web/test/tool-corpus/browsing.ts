import { object, type CorpusCase } from "./corpus-case.ts";

const element = {
  element: { type: "string", description: "What it is, for people" },
  ref: { type: "string", description: "Where it is on the page" },
};

/** Browsers, searches, memory and clouds, and shapes that no form was made for. */
export const browsing: CorpusCase[] = [
  {
    name: "click with a button and modifier keys",
    schema: object(
      {
        ...element,
        doubleClick: { type: "boolean" },
        button: { type: "string", enum: ["left", "right", "middle"] },
        modifiers: {
          type: "array",
          items: { type: "string", enum: ["Alt", "Control", "Meta", "Shift"] },
        },
      },
      ["element", "ref"],
      { additionalProperties: false },
    ),
    valid: { element: "Save", ref: "e1", modifiers: ["Shift"] },
    invalid: { element: "Save", ref: "e1", modifiers: ["Hyper"] },
    at: "/modifiers/0",
  },
  {
    name: "form with a list of fields",
    schema: object(
      {
        fields: {
          type: "array",
          items: object(
            {
              name: { type: "string" },
              type: { enum: ["textbox", "checkbox", "radio", "combobox", "slider"] },
              ref: { type: "string" },
              value: { type: "string" },
            },
            ["name", "type", "ref", "value"],
          ),
        },
      },
      ["fields"],
    ),
    valid: { fields: [{ name: "n", type: "checkbox", ref: "e2", value: "true" }] },
    invalid: { fields: [{ name: "n", type: "file", ref: "e2", value: "" }] },
    at: "/fields/0/type",
  },
  {
    name: "size of the window",
    schema: object({ width: { type: "number" }, height: { type: "number" } }, ["width", "height"]),
    valid: { width: 390, height: 844 },
    invalid: { width: 390 },
    at: "/height",
  },
  {
    name: "screenshot with a default file type",
    schema: object({
      type: { enum: ["png", "jpeg"], default: "png" },
      filename: { type: "string" },
      fullPage: { type: "boolean" },
      quality: { type: "integer", minimum: 0, maximum: 100 },
    }),
    valid: { type: "jpeg", quality: 80 },
    invalid: { quality: 120 },
    at: "/quality",
  },
  {
    name: "a tab's action told by a word",
    schema: object(
      { action: { enum: ["list", "new", "close", "select"] }, index: { type: "number" } },
      ["action"],
    ),
    valid: { action: "select", index: 0 },
    invalid: { action: "open" },
    at: "/action",
  },
  {
    name: "wait for a time, or for a text",
    schema: object({
      time: { type: "number" },
      text: { type: "string" },
      textGone: { type: "string" },
    }),
    valid: { text: "Done" },
    invalid: { time: "1s" },
    at: "/time",
  },
  {
    name: "web search with a freshness of its own language",
    schema: object(
      {
        query: { type: "string", maxLength: 400 },
        count: { type: "number", default: 10, minimum: 1, maximum: 20 },
        freshness: { oneOf: [{ const: "pd" }, { const: "pw" }, { type: "string", pattern: "to" }] },
      },
      ["query"],
    ),
    valid: { query: "q", freshness: "pw" },
    invalid: { query: "q", freshness: "px" },
    at: "/freshness",
  },
  {
    name: "places near a point",
    schema: object(
      {
        location: object(
          {
            latitude: { type: "number", minimum: -90, maximum: 90 },
            longitude: { type: "number", minimum: -180, maximum: 180 },
          },
          ["latitude", "longitude"],
        ),
        radius: { type: "number" },
      },
      ["location"],
    ),
    valid: { location: { latitude: 38.7, longitude: -9.1 }, radius: 500 },
    invalid: { location: { latitude: 138, longitude: -9.1 } },
    at: "/location/latitude",
  },
  {
    name: "a graph's entities and their observations",
    schema: object(
      {
        entities: {
          type: "array",
          items: object(
            {
              name: { type: "string" },
              entityType: { type: "string" },
              observations: { type: "array", items: { type: "string" } },
            },
            ["name", "entityType", "observations"],
          ),
        },
      },
      ["entities"],
    ),
    valid: { entities: [{ name: "a", entityType: "t", observations: [] }] },
    invalid: { entities: [{ name: "a", entityType: "t" }] },
    at: "/entities/0/observations",
  },
  {
    name: "a line of thought, numbered",
    schema: object(
      {
        thought: { type: "string" },
        nextThoughtNeeded: { type: "boolean" },
        thoughtNumber: { type: "integer", minimum: 1 },
        totalThoughts: { type: "integer", minimum: 1 },
      },
      ["thought", "nextThoughtNeeded", "thoughtNumber", "totalThoughts"],
    ),
    valid: { thought: "t", nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 },
    invalid: { thought: "t", nextThoughtNeeded: "no", thoughtNumber: 1, totalThoughts: 1 },
    at: "/nextThoughtNeeded",
  },
  {
    name: "a time in a zone",
    schema: object(
      { time: { type: "string", pattern: "^\\d\\d:\\d\\d$" }, zone: { type: "string" } },
      ["time"],
    ),
    valid: { time: "10:30", zone: "Asia/Tokyo" },
    invalid: { time: "10.30" },
    at: "/time",
  },
  {
    name: "deployment with nested, nullable settings",
    schema: object(
      {
        name: { type: "string", pattern: "^[a-z][a-z0-9-]*$" },
        resources: {
          anyOf: [
            object({ cpu: { type: "number", exclusiveMinimum: 0 }, memoryMb: { type: "integer" } }),
            { type: "null" },
          ],
        },
        env: { type: "array", items: object({ name: { type: "string" } }, ["name"]) },
      },
      ["name"],
    ),
    valid: { name: "web", resources: { cpu: 0.5, memoryMb: 256 }, env: [{ name: "A" }] },
    invalid: { name: "Web" },
    at: "/name",
  },
  {
    name: "logs by a query that depends on another argument",
    schema: object({ query: { type: "string" }, dialect: { enum: ["lucene", "sql"] } }, [], {
      dependentRequired: { query: ["dialect"] },
    }),
    valid: { query: "q", dialect: "sql" },
    invalid: { dialect: "kql" },
    at: "/dialect",
  },
  {
    name: "one constant, always the same",
    schema: object({ version: { const: 2 }, id: { type: "string" } }, ["version", "id"]),
    valid: { version: 2, id: "i" },
    invalid: { version: 1, id: "i" },
    at: "/version",
  },
  {
    name: "numbers as an enumeration",
    schema: object({ days: { type: "integer", enum: [1, 7, 30], default: 7 } }),
    valid: { days: 30 },
    invalid: { days: 2 },
    at: "/days",
  },
  {
    name: "a string or a list of them",
    schema: object(
      { to: { oneOf: [{ type: "string" }, { type: "array", items: { type: "string" } }] } },
      ["to"],
    ),
    valid: { to: ["a", "b"] },
    invalid: { to: 7 },
    at: "/to",
  },
  {
    name: "a tree of nodes",
    schema: object({ root: { $ref: "#/$defs/node" } }, ["root"], {
      $defs: {
        node: object({
          label: { type: "string" },
          children: { type: "array", items: { $ref: "#/$defs/node" } },
        }),
      },
    }),
    valid: { root: { label: "a", children: [{ label: "b", children: [] }] } },
    invalid: { root: { children: [{ label: 1 }] } },
    at: "/root/children/0/label",
  },
  {
    name: "the whole schema by reference",
    schema: {
      $ref: "#/$defs/Input",
      $defs: { Input: object({ id: { type: "integer" } }, ["id"]) },
    },
    valid: { id: 1 },
    invalid: { id: "1" },
    at: "/id",
  },
  {
    name: "names with dots, slashes and spaces",
    schema: object(
      { "a.b": { type: "string" }, "c/d": { type: "string" }, "e f": { type: "integer" } },
      ["c/d"],
    ),
    valid: { "a.b": "1", "c/d": "2", "e f": 3 },
    invalid: { "a.b": "1" },
    at: "/c~1d",
  },
  {
    name: "anything under names of one pattern alone",
    schema: {
      type: "object",
      patternProperties: { "^x-": { type: "string" } },
      additionalProperties: false,
    },
    valid: { "x-a": "1" },
    invalid: { "x-a": 1 },
    at: "/x-a",
  },
  {
    name: "arguments as a free map",
    schema: { type: "object", additionalProperties: true },
    valid: { whatever: [1] },
    invalid: "text" as unknown as Record<string, unknown>,
    at: "",
  },
  {
    name: "names that are kept to a pattern",
    schema: object({ tags: { type: "object", propertyNames: { pattern: "^[a-z]+$" } } }),
    valid: { tags: { env: "prod" } },
    invalid: { tags: 1 },
    at: "/tags",
  },
];
