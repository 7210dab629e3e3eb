/** What the bench and its processes say to each other. */
import type { Memory } from "../serve-parent.ts";

export interface GatehouseSettings {
  /** Variables of the configuration. */
  env: Record<string, string>;
  databaseUrl: string;
  secrets: { encryptionKeys: string; authSecret: string };
}

export type ServerRequest =
  | { kind: "start"; settings: GatehouseSettings | null }
  /** So many events, in turn for these workspaces, at most so many under way at once. */
  | { kind: "emit"; workspaceIds: string[]; actorId: string; count: number; width: number }
  | { kind: "memory" };

/** Moments are of the system's monotonic clock, in milliseconds. */
export interface ServerAnswers extends Record<string, unknown> {
  start: { url: string };
  /** When the first began, and when the last was committed, or in memory where there is nothing to commit. */
  emit: { beganMs: number; lastMs: number };
  memory: Memory;
}

/** A kind of subscribers that do the same. */
export interface Group {
  /** Of the process. */
  url: string;
  headers: Record<string, string>;
  count: number;
  query: string;
  variables: Record<string, unknown>;
}

export type LoadRequest =
  | { kind: "connect"; groups: Group[] }
  /** Begins to note what comes, until so much has come; answered at once. */
  | { kind: "arm"; count: number }
  /** Answered when all has come; rejected when it does not within the time. */
  | { kind: "collect"; timeoutMs: number }
  /** How many subscribers have received anything since they were there. */
  | { kind: "reached" }
  | { kind: "disconnect" };

export interface LoadAnswers extends Record<string, unknown> {
  connect: null;
  arm: null;
  /** When each message came, in order. */
  collect: Float64Array;
  reached: number;
  disconnect: null;
}
