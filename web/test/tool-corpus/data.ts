import { object, type CorpusCase } from "./corpus-case.ts";

/** Files, databases and payments, as filesystem, fetch, Postgres, Supabase and Stripe servers declare their tools. */
export const data: CorpusCase[] = [
  {
    name: "a file by its path, from its head or tail",
    schema: object(
      { path: { type: "string" }, head: { type: "number" }, tail: { type: "number" } },
      ["path"],
    ),
    valid: { path: "/a/b", tail: 20 },
    invalid: { path: "/a/b", tail: "20" },
    at: "/tail",
  },
  {
    name: "edits as a list of replacements, dry by default",
    schema: object(
      {
        path: { type: "string" },
        edits: {
          type: "array",
          items: object({ oldText: { type: "string" }, newText: { type: "string" } }, [
            "oldText",
            "newText",
          ]),
        },
        dryRun: { type: "boolean", default: false },
      },
      ["path", "edits"],
      { additionalProperties: false, $schema: "http://json-schema.org/draft-07/schema#" },
    ),
    valid: { path: "a", edits: [{ oldText: "x", newText: "" }], dryRun: true },
    invalid: { path: "a", edits: [{ oldText: "x" }] },
    at: "/edits/0/newText",
  },
  {
    name: "patterns to leave out, empty by default",
    schema: object(
      {
        path: { type: "string" },
        pattern: { type: "string" },
        excludePatterns: { type: "array", items: { type: "string" }, default: [] },
      },
      ["path", "pattern"],
    ),
    valid: { path: ".", pattern: "**/*.ts", excludePatterns: ["dist"] },
    invalid: { path: ".", pattern: "*", excludePatterns: [1] },
    at: "/excludePatterns/0",
  },
  {
    name: "a web page, in pieces",
    schema: object(
      {
        url: { type: "string", format: "uri", minLength: 1, title: "Url" },
        max_length: {
          type: "integer",
          default: 5_000,
          exclusiveMinimum: 0,
          exclusiveMaximum: 1_000_000,
        },
        start_index: { type: "integer", default: 0, minimum: 0 },
        raw: { type: "boolean", default: false },
      },
      ["url"],
      { title: "Fetch", description: "What to fetch" },
    ),
    valid: { url: "https://a.example/", max_length: 100 },
    invalid: { url: "https://a.example/", start_index: -1 },
    at: "/start_index",
  },
  {
    name: "a request with headers of any name",
    schema: object(
      {
        url: { type: "string" },
        method: { enum: ["GET", "POST", "PUT", "DELETE"], default: "GET" },
        headers: { type: "object", patternProperties: { "^[A-Za-z-]+$": { type: "string" } } },
      },
      ["url"],
    ),
    valid: { url: "https://a.example", method: "POST", headers: { Accept: "text/plain" } },
    invalid: { url: "https://a.example", headers: { Accept: 1 } },
    at: "/headers/Accept",
  },
  {
    name: "SQL with parameters of any kind",
    schema: object(
      {
        sql: { type: "string", minLength: 1 },
        params: { type: "array", items: { type: ["string", "number", "boolean", "null"] } },
      },
      ["sql"],
    ),
    valid: { sql: "SELECT $1", params: ["a"] },
    invalid: { sql: "" },
    at: "/sql",
  },
  {
    name: "a value of any type",
    schema: object({ key: { type: "string" }, value: {} }, ["key", "value"]),
    valid: { key: "k", value: { nested: [1, "a"] } },
    invalid: { key: "k" },
    at: "/value",
  },
  {
    name: "a value that is anything, written as true",
    schema: object({ key: { type: "string" }, value: true, gone: false }, ["key"]),
    valid: { key: "k", value: [1] },
    invalid: { value: 1 },
    at: "/key",
  },
  {
    name: "tables and their schemas with defaults",
    schema: object({
      project_id: { type: "string" },
      schemas: { type: "array", items: { type: "string" }, default: ["public"] },
      verbose: { type: "boolean", default: false },
    }),
    valid: { project_id: "p", schemas: ["public", "auth"] },
    invalid: { project_id: 1 },
    at: "/project_id",
  },
  {
    name: "a position as a tuple",
    schema: object(
      {
        point: {
          type: "array",
          prefixItems: [{ type: "number" }, { type: "number" }],
          items: false,
          minItems: 2,
        },
      },
      ["point"],
    ),
    valid: { point: [1.5, 2] },
    invalid: { point: [1.5, "2"] },
    at: "/point/1",
  },
  {
    name: "a tuple as draft-07 writes it",
    schema: object(
      {
        range: {
          type: "array",
          items: [{ type: "integer" }, { type: "integer" }],
          additionalItems: false,
          minItems: 2,
          maxItems: 2,
        },
      },
      ["range"],
      { $schema: "http://json-schema.org/draft-07/schema#" },
    ),
    valid: { range: [1, 2] },
    invalid: { range: [1, "2"] },
    at: "/range/1",
  },
  {
    name: "rows of cells, arrays in arrays",
    schema: object(
      {
        range: { type: "string" },
        values: { type: "array", items: { type: "array", items: { type: "string" } } },
      },
      ["range", "values"],
    ),
    valid: {
      range: "A1:B2",
      values: [
        ["a", "b"],
        ["c", "d"],
      ],
    },
    invalid: { range: "A1:B2", values: [["a", 2]] },
    at: "/values/0/1",
  },
  {
    name: "payment link in the smallest unit",
    schema: object(
      {
        price: { type: "string", pattern: "^price_" },
        quantity: { type: "integer", minimum: 1 },
        redirect_url: { type: "string", format: "uri" },
      },
      ["price", "quantity"],
    ),
    valid: { price: "price_1", quantity: 2 },
    invalid: { price: "price_1", quantity: 1.5 },
    at: "/quantity",
  },
  {
    name: "customer with an address in an object",
    schema: object({
      email: { type: "string", format: "email" },
      address: object(
        {
          line1: { type: "string" },
          city: { type: "string" },
          country: { type: "string", minLength: 2, maxLength: 2 },
        },
        ["line1", "country"],
      ),
      metadata: { type: "object", additionalProperties: { type: "string", maxLength: 500 } },
    }),
    valid: { email: "a@b.example", address: { line1: "1", country: "PT" }, metadata: { a: "b" } },
    invalid: { address: { line1: "1", country: "Portugal" } },
    at: "/address/country",
  },
  {
    name: "subscription items, deeply nested",
    schema: object(
      {
        subscription: { type: "string" },
        items: {
          type: "array",
          items: object({
            price_data: object({
              recurring: object({ interval: { enum: ["day", "week", "month", "year"] } }),
            }),
          }),
        },
      },
      ["subscription"],
    ),
    valid: {
      subscription: "s",
      items: [{ price_data: { recurring: { interval: "month" } } }],
    },
    invalid: {
      subscription: "s",
      items: [{ price_data: { recurring: { interval: "hour" } } }],
    },
    at: "/items/0/price_data/recurring/interval",
  },
  {
    name: "refund with a reason that may be left out",
    schema: object(
      {
        payment_intent: { type: "string" },
        amount: { type: "integer", minimum: 1 },
        reason: { anyOf: [{ enum: ["duplicate", "fraudulent"] }, { type: "null" }] },
      },
      ["payment_intent"],
    ),
    valid: { payment_intent: "pi", reason: "duplicate" },
    invalid: { amount: 5 },
    at: "/payment_intent",
  },
  {
    name: "multiples of a step",
    schema: object({ ratio: { type: "number", multipleOf: 0.5, minimum: 0 } }, ["ratio"]),
    valid: { ratio: 1.5 },
    invalid: { ratio: 1.2 },
    at: "/ratio",
  },
  {
    name: "a map that wants a least number of entries",
    schema: object({ env: { type: "object", minProperties: 1 } }, ["env"]),
    valid: { env: { A: "1" } },
    invalid: { env: {} },
    at: "/env",
  },
];
