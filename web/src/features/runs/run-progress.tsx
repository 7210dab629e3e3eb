import { Stack, Text } from "@mantine/core";
import classes from "./run-row.module.css";

type RunProgressProps = {
  progress: { progress: number; total?: number | null; message?: string | null } | null | undefined;
};

/** How far a run is, as its server tells. */
export function RunProgress({ progress }: RunProgressProps) {
  const { total } = progress ?? {};
  return (
    <Stack gap={8} aria-live="polite">
      <progress
        className={classes["progress"]}
        aria-label="Progress"
        {...(progress && total ? { value: progress.progress, max: total } : {})}
      />
      <Text size="sm" c="dimmed">
        {progress?.message ?? "The tool is running."}
      </Text>
    </Stack>
  );
}
