import { object, type CorpusCase } from "./corpus-case.ts";

const draft07 = "http://json-schema.org/draft-07/schema#";
const repo = { owner: { type: "string" }, repo: { type: "string" } };
const page = {
  page: { type: "number", minimum: 1, description: "Which page" },
  perPage: { type: "number", minimum: 1, maximum: 100, default: 30 },
};

/** Code hosting and error tracking, as GitHub, GitLab and Sentry declare their tools. */
export const codeHosting: CorpusCase[] = [
  {
    name: "issue, with lists of names",
    schema: object(
      {
        ...repo,
        title: { type: "string", minLength: 1 },
        body: { type: "string", description: "Markdown" },
        labels: { type: "array", items: { type: "string" } },
        assignees: { type: "array", items: { type: "string" }, maxItems: 10 },
        milestone: { type: "number" },
      },
      ["owner", "repo", "title"],
    ),
    valid: { owner: "acme", repo: "gate", title: "It breaks", labels: ["bug"], milestone: 3 },
    invalid: { owner: "acme", repo: "gate", title: "" },
    at: "/title",
  },
  {
    name: "issues, filtered by enumerations",
    schema: object(
      {
        ...repo,
        ...page,
        state: { type: "string", enum: ["OPEN", "CLOSED"] },
        orderBy: { type: "string", enum: ["CREATED_AT", "UPDATED_AT", "COMMENTS"] },
        direction: { type: "string", enum: ["ASC", "DESC"] },
        since: { type: "string", format: "date-time" },
      },
      ["owner", "repo"],
    ),
    valid: { owner: "a", repo: "b", state: "OPEN", perPage: 10, since: "2026-01-02T03:04:05Z" },
    invalid: { owner: "a", repo: "b", state: "MERGED" },
    at: "/state",
  },
  {
    name: "files pushed as an array of objects",
    schema: object(
      {
        ...repo,
        branch: { type: "string" },
        message: { type: "string" },
        files: {
          type: "array",
          minItems: 1,
          items: object({ path: { type: "string" }, content: { type: "string" } }, [
            "path",
            "content",
          ]),
        },
      },
      ["owner", "repo", "branch", "files", "message"],
    ),
    valid: {
      owner: "a",
      repo: "b",
      branch: "main",
      message: "m",
      files: [{ path: "a.txt", content: "A" }],
    },
    invalid: { owner: "a", repo: "b", branch: "main", message: "m", files: [{ path: "a.txt" }] },
    at: "/files/0/content",
  },
  {
    name: "review with comments of several kinds of place",
    schema: object(
      {
        ...repo,
        pullNumber: { type: "integer" },
        event: { enum: ["APPROVE", "REQUEST_CHANGES", "COMMENT"] },
        comments: {
          type: "array",
          items: {
            anyOf: [
              object(
                {
                  path: { type: "string" },
                  position: { type: "number" },
                  body: { type: "string" },
                },
                ["path", "position", "body"],
              ),
              object(
                { path: { type: "string" }, line: { type: "number" }, body: { type: "string" } },
                ["path", "line", "body"],
              ),
            ],
          },
        },
      },
      ["owner", "repo", "pullNumber", "event"],
    ),
    valid: {
      owner: "a",
      repo: "b",
      pullNumber: 7,
      event: "COMMENT",
      comments: [{ path: "x", line: 2, body: "?" }],
    },
    invalid: {
      owner: "a",
      repo: "b",
      pullNumber: 7,
      event: "COMMENT",
      comments: [{ path: "x" }],
    },
    at: "/comments/0",
  },
  {
    name: "pull request in draft-07, closed to other arguments",
    schema: object(
      {
        ...repo,
        title: { type: "string" },
        head: { type: "string" },
        base: { type: "string" },
        draft: { type: "boolean", default: false },
        maintainer_can_modify: { type: "boolean" },
      },
      ["owner", "repo", "title", "head", "base"],
      { $schema: draft07, additionalProperties: false },
    ),
    valid: { owner: "a", repo: "b", title: "t", head: "h", base: "main", draft: true },
    invalid: { owner: "a", repo: "b", title: "t", head: "h", base: "main", reviewers: [] },
    at: "/reviewers",
  },
  {
    name: "merge with a method and a default",
    schema: object(
      {
        ...repo,
        pullNumber: { type: "number" },
        merge_method: { type: "string", enum: ["merge", "squash", "rebase"], default: "merge" },
        sha: { type: "string", pattern: "^[0-9a-f]{40}$" },
      },
      ["owner", "repo", "pullNumber"],
    ),
    valid: { owner: "a", repo: "b", pullNumber: 1, sha: "0123456789".repeat(4) },
    invalid: { owner: "a", repo: "b", pullNumber: 1, sha: "HEAD" },
    at: "/sha",
  },
  {
    name: "search in code, with extensions of the server's own",
    schema: object(
      {
        query: { type: "string", "x-placeholder": "repo:acme/gate path:src" },
        sort: { type: "string", "x-order": 2 },
        order: { type: "string", enum: ["asc", "desc"] },
        ...page,
      },
      ["query"],
      { "x-rate-limit": { perMinute: 10 } },
    ),
    valid: { query: "fetch", order: "asc" },
    invalid: { query: "fetch", perPage: 101 },
    at: "/perPage",
  },
  {
    name: "workflow inputs as a free map of strings",
    schema: object(
      {
        ...repo,
        workflow: { type: "string" },
        ref: { type: "string" },
        inputs: { type: "object", additionalProperties: { type: "string" } },
      },
      ["owner", "repo", "workflow", "ref"],
    ),
    valid: { owner: "a", repo: "b", workflow: "ci.yml", ref: "main", inputs: { level: "high" } },
    invalid: { owner: "a", repo: "b", workflow: "ci.yml", ref: "main", inputs: { level: 3 } },
    at: "/inputs/level",
  },
  {
    name: "nullable fields by a list of types",
    schema: object(
      {
        projectId: { type: ["string", "null"] },
        assignee: { type: ["integer", "null"], minimum: 1 },
        weight: { type: ["number", "null"] },
      },
      ["projectId"],
    ),
    valid: { projectId: "g/p", assignee: 4 },
    invalid: { projectId: "g/p", assignee: 0 },
    at: "/assignee",
  },
  {
    name: "error search with a nullable union and a default of null",
    schema: object(
      {
        organizationSlug: { type: "string" },
        query: { anyOf: [{ type: "string" }, { type: "null" }], default: null },
        sortBy: { anyOf: [{ enum: ["last_seen", "count"] }, { type: "null" }] },
        regionUrl: { anyOf: [{ type: "string", format: "uri" }, { type: "null" }] },
      },
      ["organizationSlug"],
      { $schema: draft07 },
    ),
    valid: { organizationSlug: "acme", query: null, sortBy: "count" },
    invalid: { organizationSlug: "acme", sortBy: "first_seen" },
    at: "/sortBy",
  },
  {
    name: "an issue by its id or by its URL",
    schema: object(
      {
        organizationSlug: { type: "string" },
        issueId: { type: "string" },
        issueUrl: { type: "string", format: "uri" },
      },
      [],
      { anyOf: [{ required: ["issueUrl"] }, { required: ["organizationSlug", "issueId"] }] },
    ),
    valid: { organizationSlug: "acme", issueId: "GATE-1" },
    invalid: { organizationSlug: "acme" },
    at: "",
  },
  {
    name: "a status that may be set, with what depends on it",
    schema: object(
      {
        status: { type: "string", enum: ["resolved", "ignored", "unresolved"] },
        ignoreForMinutes: { type: "integer", minimum: 1 },
      },
      ["status"],
      {
        if: { properties: { status: { const: "ignored" } }, required: ["status"] },
        // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
        then: { required: ["ignoreForMinutes"] },
      },
    ),
    valid: { status: "ignored", ignoreForMinutes: 30 },
    invalid: { status: "ignored" },
    at: "/ignoreForMinutes",
  },
];
