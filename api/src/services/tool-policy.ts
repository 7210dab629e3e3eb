import { createHash } from "node:crypto";
import type { ToolPolicy, ToolPolicyKind } from "@gatehouse/prisma";
import type { Tool } from "../mcp/catalog.ts";
import { writeCanonical } from "./canonical-json.ts";

/** What was decided about a tool, as it is stored. */
export type PolicyRow = Pick<ToolPolicy, "kind" | "approvedFingerprint">;

export interface PolicyDecision {
  kind: ToolPolicyKind;
  /** It declares something else than it did when somebody approved it. */
  isChangedSinceApproval: boolean;
}

/**
 * What may be done with a tool: what the workspace decided, else by the tool's own annotations. An approved tool that has changed asks
 * again whatever was decided, unless it is denied: a tool may turn hostile once it is trusted.
 * @param row of this tool; undefined where nothing was decided
 */
export function decidePolicy(tool: Tool, row: PolicyRow | undefined): PolicyDecision {
  const approved = row?.approvedFingerprint;
  const isChangedSinceApproval = approved != null && !fingerprintTool(tool).equals(approved);
  const decided = row?.kind ?? kindByAnnotations(tool);
  const kind = isChangedSinceApproval && decided !== "DENY" ? "ASK" : decided;
  return { kind, isChangedSinceApproval };
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
