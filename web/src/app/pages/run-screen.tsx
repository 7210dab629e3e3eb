import { Button, Text } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useNavigate } from "react-router";
import { CancelRun } from "../../features/runs/cancel-run.tsx";
import { RunFacts } from "../../features/runs/run-facts.tsx";
import { RunProgress } from "../../features/runs/run-progress.tsx";
import classes from "../../features/runs/run-row.module.css";
import { writeDraft } from "../../features/tools/arguments/draft-arguments.ts";
import { ExecutionResult } from "../../features/tools/results/execution-result.tsx";
import { readFragment, type FragmentType } from "../../graphql/generated/fragment-masking.ts";
import { graphql } from "../../graphql/generated/gql.ts";
import type { RunScreen_RunFragment } from "../../graphql/generated/graphql.ts";
import { toolPath } from "../../lib/paths.ts";
import { CodeBlock } from "../../ui/code-block.tsx";
import { CopyTextButton } from "../../ui/copy-text-button.tsx";
import { Notice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Section } from "../../ui/section.tsx";

const runScreenFragment = graphql(`
  fragment RunScreen_run on ToolExecution {
    id
    toolName
    status
    finishedAt
    arguments
    errorMessage
    contentExpiresAt
    progress {
      progress
      total
      message
    }
    startedBy {
      id
      name
    }
    server {
      id
      name
    }
    ...RunFacts_run
    ...ExecutionResult_execution
  }
`);

type Run = RunScreen_RunFragment;
type RunScreenProps = { run: FragmentType<typeof runScreenFragment>; viewerId: string | null };

/** One run, for whoever may see it: while it runs and afterwards. */
export function RunScreen({ run: shown, viewerId }: RunScreenProps) {
  const run = readFragment(runScreenFragment, shown);
  const isMine = run.startedBy?.id === viewerId;
  const isErased = run.finishedAt != null && run.contentExpiresAt == null;
  return (
    <>
      <PageHeader
        title={run.toolName}
        back={{ to: "/runs", label: "Runs" }}
        aside={
          <>
            <CopyTextButton value={window.location.href} label="Copy link" />
            {run.finishedAt == null && <CancelRun id={run.id} />}
            {run.server && <RunAgain run={run} serverId={run.server.id} />}
          </>
        }
      />
      <div className={classes["columns"]}>
        <div className={classes["stack"]}>
          <Section title="Run">
            <RunFacts run={run} />
          </Section>
        </div>
        <div className={classes["stack"]}>
          {isErased && isMine && (
            <Notice tone="off" title="Arguments and result are erased">
              They are kept for 24 hours. Who ran what, when, and how it ended stays for 90 days.
            </Notice>
          )}
          {!isMine && (
            <Notice tone="off" title="Arguments and result are not yours to see">
              Only {run.startedBy?.name ?? "the person who ran it"} can see them, for 24 hours.
            </Notice>
          )}
          {isMine && !isErased && (
            <Section title="Arguments">
              <CodeBlock
                label="What was sent"
                text={JSON.stringify(run.arguments ?? {}, null, 2)}
              />
            </Section>
          )}
          <Result run={run} shown={run} isReadable={isMine && !isErased} />
        </div>
      </div>
    </>
  );
}

type ResultProps = {
  run: Run;
  shown: Parameters<typeof ExecutionResult>[0]["execution"];
  isReadable: boolean;
};

function Result({ run, shown, isReadable }: ResultProps) {
  if (run.finishedAt == null)
    return (
      <Section title="Result">
        <RunProgress progress={run.progress} />
      </Section>
    );
  if (isReadable)
    return (
      <Section title="Result">
        <ExecutionResult execution={shown} />
      </Section>
    );
  if (!run.errorMessage) return null;
  return (
    <Section title="Result">
      <Text size="sm">{run.errorMessage}</Text>
    </Section>
  );
}

/** Opens the tool with the same arguments; nothing runs before the person says so there. */
function RunAgain({ run, serverId }: { run: Run; serverId: string }) {
  const navigate = useNavigate();
  function open() {
    const value = run.arguments;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      const text = JSON.stringify(value, null, 2);
      const fields = value as Record<string, unknown>;
      writeDraft(sessionStorage, serverId, run.toolName, { mode: "json", value: fields, text });
    }
    void navigate(toolPath(serverId, run.toolName));
  }
  return (
    <Button leftSection={<IconRefresh size={16} aria-hidden />} onClick={open}>
      Run again
    </Button>
  );
}
