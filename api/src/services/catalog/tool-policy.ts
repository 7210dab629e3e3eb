import { createHash } from "node:crypto";
import type { NewToolPolicy, ToolPolicy, ToolPolicyKind } from "@gatehouse/prisma";
import type { Tool } from "#mcp/calls/catalog.ts";
import { writeCanonical } from "./canonical-json.ts";

/** The stored decision about a tool. */
export type PolicyRow = Pick<
  ToolPolicy,
  "kind" | "approvedFingerprint" | "otherFingerprints" | "decidedFingerprint"
>;

export interface PolicyDecision {
  kind: ToolPolicyKind;
  /** Whether the definition differs from the one that was approved. */
  isChangedSinceApproval: boolean;
  /**
   * Whether the definition differs from the one at the time of the decision in `PolicyRow.kind`.
   */
  isChangedSinceDecision: boolean;
  /**
   * Whether the workspace denies new tools, and this one has neither a decision nor an approval.
   */
  isNew: boolean;
  /**
   * Whether an admin must review the current definition: the tool is new or has changed, and is not
   * denied.
   */
  needsReview: boolean;
}

/**
 * The policy that applies to a tool: the decision of the workspace, otherwise the tool's own
 * annotations. An approved tool that has changed requires confirmation whatever the decision,
 * unless it is denied, because a tool can become malicious once it is trusted. A workspace that
 * denies new tools denies tools without a decision, and tools that have changed since their review.
 * @param row the row of this tool; undefined if there is none
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
  // Whether the decision was made for the current definition.
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

/**
 * Missing annotations do not require confirmation; otherwise servers without annotations would
 * require it for every call (MCP 2025-11-25, ToolAnnotations).
 */
function kindByAnnotations({ annotations }: Tool): ToolPolicyKind {
  return annotations?.["destructiveHint"] === true ? "ASK" : "ALLOW";
}

/** A list is read once, and policies are computed from it many times. */
const fingerprints = new WeakMap<Tool, Buffer>();

/** SHA-256 of the tool's complete definition, independent of the order of object members. */
export function fingerprintTool(tool: Tool): Buffer {
  const known = fingerprints.get(tool);
  if (known) return known;
  const { name, title, description, inputSchema, outputSchema, annotations } = tool;
  const declared = { name, title, description, inputSchema, outputSchema, annotations };
  const fresh = createHash("sha256").update(writeCanonical(declared)).digest();
  fingerprints.set(tool, fresh);
  return fresh;
}
