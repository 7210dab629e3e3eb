import { Button, Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useMutation } from "urql";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { ToolPolicyKind } from "../../graphql/generated/graphql.ts";
import { formatInstant } from "../../lib/format.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Section } from "../../ui/section.tsx";

const toolPolicyFragment = graphql(`
  fragment ToolPolicy_tool on McpTool {
    name
    fingerprint
    policy {
      kind
      isDefault
      approvedAt
      approvedBy {
        id
        name
      }
      isNew
      needsReview
    }
  }
`);

const setToolPolicyMutation = graphql(`
  mutation SetToolPolicy($input: SetToolPolicyInput!, $toolName: String!) {
    setToolPolicy(input: $input) {
      id
      tool(name: $toolName) {
        name
        ...ToolPolicy_tool
      }
    }
  }
`);

const approveToolMutation = graphql(`
  mutation ApproveTool($input: ApproveToolInput!, $toolName: String!) {
    approveTool(input: $input) {
      id
      tool(name: $toolName) {
        name
        ...ToolPolicy_tool
      }
    }
  }
`);

const words: Record<ToolPolicyKind, string> = {
  ALLOW: "It runs at once.",
  ASK: "It asks the person before it runs.",
  DENY: "Nobody can run it.",
};

type Choice = ToolPolicyKind | "DEFAULT";

const choices: { value: Choice; label: string }[] = [
  { value: "DEFAULT", label: "Default" },
  { value: "ALLOW", label: "Allow" },
  { value: "ASK", label: "Ask" },
  { value: "DENY", label: "Deny" },
];

type ToolPolicyProps = {
  serverId: string;
  tool: FragmentType<typeof toolPolicyFragment>;
  manages: boolean;
};

/** What may be done with the tool, what that means, and for admins the means to decide. */
export function ToolPolicy({ serverId, tool, manages }: ToolPolicyProps) {
  const { name: toolName, fingerprint, policy } = readFragment(toolPolicyFragment, tool);
  const { kind, isDefault, approvedAt, approvedBy, isNew, needsReview } = policy;
  const [setting, setToolPolicy] = useMutation(setToolPolicyMutation);
  const [approving, approveTool] = useMutation(approveToolMutation);
  const error = setting.error ?? approving.error;
  const target = { serverId, toolName };
  return (
    <Section title="Policy">
      <Stack gap="sm">
        {needsReview && (
          <Notice
            tone={manages ? "act" : "off"}
            title={isNew ? "This tool is new." : "It has changed since it was reviewed."}
          >
            {describeReview(kind, manages)}
          </Notice>
        )}
        <Text size="sm">
          {words[kind]}
          {isDefault && !needsReview && ` Nobody has decided: ${describeDefault(kind)}.`}
        </Text>
        {manages && (
          <SegmentedControl
            size="sm"
            w="fit-content"
            aria-label="Policy"
            data={choices}
            value={findChoice(policy)}
            disabled={setting.fetching}
            onChange={(next) =>
              void setToolPolicy({
                input: { ...target, fingerprint, kind: readChoice(next) },
                toolName,
              })
            }
          />
        )}
        <Group gap="sm">
          <Text size="sm" c="dimmed">
            {approvedAt
              ? `Approved ${formatInstant(approvedAt)}${approvedBy ? ` by ${approvedBy.name}` : ""}.`
              : "Nobody has approved what it declares. Once somebody has, a change makes it ask."}
          </Text>
          {manages && (needsReview || !approvedAt) && (
            <Button
              size="xs"
              variant={needsReview ? "filled" : "default"}
              loading={approving.fetching}
              onClick={() => void approveTool({ input: { ...target, fingerprint }, toolName })}
            >
              Approve as it is now
            </Button>
          )}
        </Group>
        {error && <ErrorNotice error={error} />}
      </Stack>
    </Section>
  );
}

/** What was decided; nothing is selected while a changed tool is not treated as decided. */
function findChoice(policy: {
  kind: ToolPolicyKind;
  isDefault: boolean;
  needsReview: boolean;
}): Choice | "" {
  if (policy.isDefault) return "DEFAULT";
  return policy.needsReview ? "" : policy.kind;
}

function readChoice(choice: Choice | ""): ToolPolicyKind | null {
  return choice === "" || choice === "DEFAULT" ? null : choice;
}

function describeReview(kind: ToolPolicyKind, manages: boolean): string {
  const meanwhile = kind === "DENY" ? "it is denied" : "it asks before each run";
  return manages
    ? `Read its description and its arguments, then approve, allow or deny it. Until then, ${meanwhile}.`
    : `An admin must review it. Until then, ${meanwhile}.`;
}

function describeDefault(kind: ToolPolicyKind): string {
  return kind === "ASK"
    ? "the server calls it destructive"
    : "the server does not call it destructive";
}
