/** What the bench and its processes say to each other. */
import type { Memory } from "../serve-parent.ts";

/** Where MCP is spoken, and who may. */
export interface McpTarget {
  /** Asks for a token of its own authorization server, or for `token`. */
  url: string;
  token: string;
  /** The same server without a token; whatever stands in its query makes it another server for a client. */
  openUrl: string;
}

export type McpServerRequest = { kind: "start" } | { kind: "requests" };

export interface McpServerAnswers extends Record<string, unknown> {
  start: McpTarget;
  /** HTTP requests that have come to the MCP endpoint so far. */
  requests: number;
}

export interface GatehouseSettings {
  /** Variables of the configuration. */
  env: Record<string, string>;
  databaseUrl: string;
  secrets: { encryptionKeys: string; authSecret: string };
}

export type ServerRequest =
  | { kind: "start"; gatehouse: GatehouseSettings | null; target: McpTarget }
  | { kind: "memory" }
  | { kind: "cpu" };

export interface ServerAnswers extends Record<string, unknown> {
  start: { url: string };
  memory: Memory;
  /** Milliseconds of processor time that the process has taken so far. */
  cpu: number;
}

/** One operation over HTTP, again and again. */
export interface Operation {
  url: string;
  headers: Record<string, string>;
  body: string;
  /** Stands in every answer that is right. */
  expected: string;
}

/** How the tool is called. */
export type Way =
  | { how: "sdk" | "connect-per-call"; target: McpTarget }
  | { how: "http"; operation: Operation };

export type LoadRequest =
  | { kind: "run"; way: Way; concurrency: number; durationMs: number }
  /** Opens so many sessions of the SDK beside each other and answers what each takes. */
  | { kind: "sessions"; target: McpTarget; count: number }
  /** One HTTP request after the other, so many at a time. */
  | { kind: "each"; operations: Operation[]; width: number };

export interface LoadAnswers extends Record<string, unknown> {
  run: Run;
  sessions: { before: Memory; after: Memory };
  each: null;
}

export interface Run {
  /** Of each call, in milliseconds. */
  latenciesMs: Float64Array;
  elapsedMs: number;
}
