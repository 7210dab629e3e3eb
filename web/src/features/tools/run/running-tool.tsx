import { Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconPlayerStop } from "@tabler/icons-react";
import { useMutation } from "urql";
import type { ToolRun_ExecutionFragment } from "../../../graphql/generated/graphql.ts";
import { executionWords } from "../../../lib/words.ts";
import { ErrorNotice } from "../../../ui/error-notice.tsx";
import { StatusBadge } from "../../../ui/status-badge.tsx";
import { cancelRunMutation } from "./run-operations.ts";
import classes from "./running-tool.module.css";

/** What is known of a run before its end, and the way to stop it. */
export function RunningTool({ execution }: { execution: ToolRun_ExecutionFragment | null }) {
  const [{ fetching, error }, cancelRun] = useMutation(cancelRunMutation);
  const progress = execution?.progress;
  return (
    <Stack gap="md" role="group" aria-busy="true" aria-label="Running" data-testid="running">
      <Group justify="space-between" gap="sm" mih={30}>
        <StatusBadge {...executionWords[execution?.status ?? "RUNNING"]} />
        {execution && (
          <Button
            size="xs"
            variant="default"
            loading={fetching}
            leftSection={<IconPlayerStop size={14} aria-hidden />}
            onClick={() => void cancelRun({ id: execution.id })}
          >
            Cancel run
          </Button>
        )}
      </Group>
      {progress && (
        <div>
          <progress
            className={classes["bar"]}
            aria-label="Progress"
            max={progress.total ?? undefined}
            value={progress.total == null ? undefined : progress.progress}
          />
          <Text size="xs" c="dimmed" className="truncate">
            {describeProgress(progress)}
          </Text>
        </div>
      )}
      {error && <ErrorNotice error={error} />}
      {!progress && (
        <>
          <Skeleton height={12} width="70%" />
          <Skeleton height={12} width="90%" />
        </>
      )}
    </Stack>
  );
}

type Progress = NonNullable<ToolRun_ExecutionFragment["progress"]>;

function describeProgress({ progress, total, message }: Progress): string {
  const count = total == null ? `${progress} so far` : `${progress} of ${total}`;
  return message ? `${count}. ${message}` : count;
}
