import { createHash } from "node:crypto";
import type { NewToolPolicy, ToolPolicy, ToolPolicyKind } from "@gatehouse/prisma";
import type { Tool } from "#mcp/calls/catalog.ts";
import { writeCanonical } from "./canonical-json.ts";

/** What was decided about a tool, as it is stored. */
export type PolicyRow = Pick<
  ToolPolicy,
  "kind" | "approvedFingerprint" | "otherFingerprints" | "decidedFingerprint"
>;

export interface PolicyDecision {
  kind: ToolPolicyKind;
  /** It declares something else than it did when somebody approved it. */
  isChangedSinceApproval: boolean;
  /** It declares something else than it did when `PolicyRow.kind` was decided. */
  isChangedSinceDecision: boolean;
  /** The workspace keeps new tools out, and nobody has decided about this one or approved it. */
  isNew: boolean;
  /** An admin must review the tool as it is now: it is new or has changed, and nobody has denied it. */
  needsReview: boolean;
}

/**
 * What may be done with a tool: what the workspace decided, else by the tool's own annotations. An approved tool that has changed asks
 * again whatever was decided, unless it is denied: a tool may turn hostile once it is trusted. A workspace that keeps new tools out
 * denies tools that nobody has decided about, and tools that have changed since they were reviewed.
 * @param row of this tool; undefined where nothing was decided
 */
export function decidePolicy(
  tool: Tool,
  row: PolicyRow | undefined,
  newToolPolicy: NewToolPolicy,
): PolicyDecision {
  const isOther = (recorded: Uint8Array) => !fingerprintTool(tool).equals(recorded);
  const { kind: decided = null, approvedFingerprint: approved = null } = row ?? {};
  const isChangedSinceApproval =
    row != null && approved !== null && isOther(approved) && row.otherFingerprints.every(isOther);
  const isChangedSinceDecision = row?.decidedFingerprint != null && isOther(row.decidedFingerprint);
  const keepsOut = newToolPolicy === "DENY";
  const isNew = keepsOut && decided === null && approved === null;
  // Who decides about a tool has seen it as it was then.
  const isDecidedAsItIs = row?.decidedFingerprint != null && !isChangedSinceDecision;
  const isChanged =
    approved === null
      ? keepsOut && isChangedSinceDecision
      : isChangedSinceApproval && !isDecidedAsItIs;
  const needsReview = decided !== "DENY" && (isNew || isChanged);
  const unreviewed = keepsOut ? "DENY" : "ASK";
  const kind = needsReview ? unreviewed : (decided ?? kindByAnnotations(tool));
  return { kind, isChangedSinceApproval, isChangedSinceDecision, isNew, needsReview };
}

/** Silence is no threat: servers that annotate nothing would else ask before every call (MCP 2025-11-25, ToolAnnotations). */
function kindByAnnotations({ annotations }: Tool): ToolPolicyKind {
  return annotations?.["destructiveHint"] === true ? "ASK" : "ALLOW";
}

/** A list is read once and decided about often. */
const fingerprints = new WeakMap<Tool, Buffer>();

/** SHA-256 over all that the tool declares, whatever the order of its members. */
export function fingerprintTool(tool: Tool): Buffer {
  const known = fingerprints.get(tool);
  if (known) return known;
  const { name, title, description, inputSchema, outputSchema, annotations } = tool;
  const declared = { name, title, description, inputSchema, outputSchema, annotations };
  const fresh = createHash("sha256").update(writeCanonical(declared)).digest();
  fingerprints.set(tool, fresh);
  return fresh;
}
