/** What the test and the processes of its cluster say to each other. */
import type { RefreshLimits, RefreshStage } from "#oauth/lease-request.ts";

export interface ProcessSettings {
  /** Variables of the configuration. */
  env: Record<string, string>;
  databaseUrl: string;
  secrets: { encryptionKeys: string; authSecret: string };
  limits: RefreshLimits;
}

/** A process that reaches the stage with this grant sends itself the signal: no moment is more exact. */
export interface StageFault {
  grantId: string;
  stage: RefreshStage;
  signal: "SIGKILL" | "SIGSTOP";
}

export type ToProcess =
  | { kind: "start"; settings: ProcessSettings }
  | { kind: "arm"; fault: StageFault | null }
  /** The wall clock jumps. */
  | { kind: "clock"; shiftMs: number };

/** One line of JSON each, on standard output, written at once: what was said survives a kill. */
export type FromProcess =
  | { kind: "ready" }
  | { kind: "armed" }
  | { kind: "jumped" }
  | { kind: "log"; line: string }
  /** A request has come in. */
  | { kind: "request" }
  | { kind: "stage"; stage: RefreshStage; grantId: string; atMs: number; signal: string | null };
