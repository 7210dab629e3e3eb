import { Button, Group, Text } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useMemo, useState, type ReactNode } from "react";
import { readFragment, type FragmentType } from "../../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../../graphql/generated/gql.ts";
import type { OAuthState } from "../../../graphql/generated/graphql.ts";
import { formatPast } from "../../../lib/format.ts";
import { useNow } from "../../../lib/use-now.ts";
import { ConfirmDialog } from "../../../ui/confirm-dialog.tsx";
import { Section } from "../../../ui/section.tsx";
import { ArgumentsEditor } from "../arguments/arguments-editor.tsx";
import { createArgumentCheck } from "../arguments/check-arguments.ts";
import { readDraft, writeDraft, type Draft } from "../arguments/draft-arguments.ts";
import { isDrawable } from "../arguments/draw-schema.ts";
import { toFormErrors } from "../arguments/form-validator.ts";
import { readCallArguments } from "../arguments/read-call-arguments.ts";
import { ToolOutcome } from "../results/tool-outcome.tsx";
import { ToolPolicy } from "../tool-policy.tsx";
import { ToolSnippets } from "./tool-snippets.tsx";
import classes from "./tool-runner.module.css";
import { useEarlierRun } from "./use-earlier-run.ts";
import { useToolRun } from "./use-tool-run.ts";

const toolRunnerFragment = graphql(`
  fragment ToolRunner_tool on McpTool {
    name
    title
    description
    inputSchema
    annotations
    policy {
      kind
    }
    ...ToolPolicy_tool
  }
`);

type ToolRunnerProps = {
  workspaceId: string;
  serverId: string;
  oauthState: OAuthState;
  tool: FragmentType<typeof toolRunnerFragment>;
  /** The amber banner with Reconnect, or word of the attempt under way. */
  reconnect: ReactNode;
  manages: boolean;
};

/** The arguments beside the result. Both stay when the other changes, and through a consent. */
export function ToolRunner(props: ToolRunnerProps) {
  const { workspaceId, serverId, oauthState, tool, reconnect, manages } = props;
  const declared = readFragment(toolRunnerFragment, tool);
  const { name, inputSchema, policy } = declared;
  const check = useMemo(() => createArgumentCheck(inputSchema), [inputSchema]);
  const [draft, setDraft] = useState<Draft>(
    () => readDraft(sessionStorage, serverId, name) ?? startDraft(inputSchema),
  );
  const earlier = useEarlierRun(workspaceId, serverId, name);
  const { run, isEarlier, start, confirm, dismiss } = useToolRun(
    serverId,
    name,
    earlier?.id ?? null,
  );
  const refusal = run.step === "refused" ? run.answer : undefined;
  const issues = refusal?.__typename === "InvalidToolArguments" ? refusal.issues : undefined;
  const faults = useMemo(() => (issues ? toFormErrors(issues) : undefined), [issues]);

  function change(next: Draft) {
    setDraft(next);
    writeDraft(sessionStorage, serverId, name, next);
  }

  return (
    <div className={classes["split"]}>
      <Section title="Arguments">
        <ArgumentsEditor
          {...{ inputSchema, draft, check, faults }}
          onChange={change}
          onSubmit={policy.kind === "DENY" ? ignore : start}
        >
          <Group mt="md">
            {policy.kind === "DENY" ? (
              <Text size="sm" c="dimmed">
                This tool cannot run, because it is denied.
              </Text>
            ) : (
              <Button
                type="submit"
                loading={run.step === "running"}
                leftSection={<IconPlayerPlay size={16} aria-hidden />}
              >
                {(run.step === "over" && !isEarlier) || refusal ? "Run again" : "Run"}
              </Button>
            )}
          </Group>
        </ArgumentsEditor>
      </Section>
      <div className={classes["result"]}>
        <Section title="Result">
          {isEarlier && earlier && <StartedAt instant={earlier.startedAt} />}
          <ToolOutcome run={run} oauthState={oauthState} reconnect={reconnect} />
        </Section>
      </div>
      <ToolPolicy serverId={serverId} tool={declared} manages={manages} />
      <div className={classes["whole"]}>
        <ToolSnippets
          call={{
            origin: window.location.origin,
            serverId,
            toolName: name,
            arguments: readCallArguments(draft),
            asksFirst: policy.kind === "ASK",
          }}
        />
      </div>
      <ConfirmDialog
        opened={run.step === "confirming"}
        title={`Run ${name}?`}
        action="Run it"
        onConfirm={confirm}
        onClose={dismiss}
      >
        {run.step === "confirming" && run.message}
      </ConfirmDialog>
    </div>
  );
}

/** Enter in a field submits the form without a button too. */
function ignore() {}

function StartedAt({ instant }: { instant: string }) {
  const nowMs = useNow();
  return (
    <Text size="xs" c="dimmed" mb="sm">
      Started {formatPast(instant, nowMs)}, before this page was opened.
    </Text>
  );
}

function startDraft(inputSchema: unknown): Draft {
  return { mode: isDrawable(inputSchema) ? "form" : "json", value: {}, text: "{}" };
}
