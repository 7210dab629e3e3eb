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
      changedSinceApproval
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
  const { kind, isDefault, approvedAt, approvedBy, changedSinceApproval } = policy;
  const [setting, setToolPolicy] = useMutation(setToolPolicyMutation);
  const [approving, approveTool] = useMutation(approveToolMutation);
  const error = setting.error ?? approving.error;
  const target = { serverId, toolName };
  return (
    <Section title="Policy">
      <Stack gap="sm">
        {changedSinceApproval && (
          <Notice tone={manages ? "act" : "off"} title="It has changed since it was approved.">
            {manages
              ? "Look at its description and its arguments. Approve it if they are what you want; until then it asks each time."
              : "An admin has to look at it. Until then it asks each time."}
          </Notice>
        )}
        <Text size="sm">
          {words[kind]}
          {isDefault && ` Nobody has decided: ${describeDefault(kind)}.`}
        </Text>
        {manages && (
          <SegmentedControl
            size="sm"
            w="fit-content"
            aria-label="Policy"
            data={choices}
            value={isDefault ? "DEFAULT" : kind}
            disabled={setting.fetching}
            onChange={(next) =>
              void setToolPolicy({
                input: { ...target, kind: next === "DEFAULT" ? null : next },
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
          {manages && (changedSinceApproval || !approvedAt) && (
            <Button
              size="xs"
              variant={changedSinceApproval ? "filled" : "default"}
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

function describeDefault(kind: ToolPolicyKind): string {
  return kind === "ASK"
    ? "the server calls it destructive"
    : "the server does not call it destructive";
}
