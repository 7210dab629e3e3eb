import { Badge } from "@mantine/core";
import type { ToolPolicyKind } from "../../graphql/generated/graphql.ts";

const labels: Record<ToolPolicyKind, string> = {
  ALLOW: "Allowed",
  ASK: "Asks first",
  DENY: "Denied",
};

type ToolPolicyBadgeProps = { policy: { kind: ToolPolicyKind; needsReview: boolean } };

/** The policy of a tool in a list. That an admin must review the tool is more important than its policy. */
export function ToolPolicyBadge({ policy: { kind, needsReview } }: ToolPolicyBadgeProps) {
  return (
    <Badge
      variant="default"
      size="sm"
      radius="sm"
      tt="none"
      fw={550}
      style={needsReview ? { color: "var(--gh-act)" } : undefined}
    >
      {needsReview ? "Needs review" : labels[kind]}
    </Badge>
  );
}
