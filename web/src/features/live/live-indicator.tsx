import { Button, Tooltip } from "@mantine/core";
import type { LiveState } from "../../graphql/live-socket.ts";
import { useAuthEvents } from "./use-auth-events.ts";
import classes from "./live-indicator.module.css";
import { useLiveState } from "./socket-context.tsx";

const words: Record<LiveState, { label: string; detail: string }> = {
  connecting: { label: "Connecting", detail: "Live updates are being connected." },
  live: { label: "Live", detail: "Changes appear here as they happen." },
  paused: { label: "Paused", detail: "The connection was lost. Trying again." },
  ended: { label: "Live updates ended", detail: "Reload the page to go on." },
};

type LiveIndicatorProps = { workspaceId: string; eventCursor: string };

/** Follows the workspace's events and shows whether they arrive. */
export function LiveIndicator({ workspaceId, eventCursor }: LiveIndicatorProps) {
  const ended = useAuthEvents(workspaceId, eventCursor);
  const socketState = useLiveState();
  const state = ended ? "ended" : socketState;
  const { label, detail } = words[state];
  if (state === "ended") {
    return (
      <Button size="compact-sm" variant="default" onClick={() => window.location.reload()}>
        {label}. Reload
      </Button>
    );
  }
  return (
    <Tooltip label={detail}>
      <span className={classes["live"]} data-state={state} data-testid="live">
        <span className={classes["dot"]} aria-hidden />
        {label}
      </span>
    </Tooltip>
  );
}
