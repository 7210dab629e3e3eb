import { Button } from "@mantine/core";
import { IconArrowUp } from "@tabler/icons-react";
import { useState } from "react";
import { useQuery } from "urql";
import { useNow } from "../../lib/use-now.ts";
import { ErrorNotice } from "../../ui/error-notice.tsx";
import { ListMessage } from "../../ui/list-message.tsx";
import { RowsSkeleton } from "../../ui/rows-skeleton.tsx";
import { StaleNotice } from "../../ui/stale-notice.tsx";
import { type ActivityFilters, toEventFilter } from "./activity-filters.ts";
import type { ActivityEvent } from "./describe-event.ts";
import { activityPageQuery, MoreButton, OlderPage, readLog } from "./event-page.tsx";
import { EventRow } from "./event-row.tsx";
import classes from "./event-row.module.css";
import { useLiveTail } from "./use-live-tail.ts";

type ActivityListProps = {
  workspaceId: string;
  filters: ActivityFilters;
  /** Takes the filters away; null: there are none. */
  onReset: (() => void) | null;
};

/** The log, newest first, going on live at its top. */
export function ActivityList(props: ActivityListProps) {
  const [generation, setGeneration] = useState(0);
  const { type, serverId, onlyMine } = props.filters;
  // Other filters, and a log that was restored: a list of its own.
  const key = `${generation} ${type} ${serverId} ${onlyMine}`;
  return <Log key={key} {...props} onRestart={() => setGeneration(generation + 1)} />;
}

function Log(props: ActivityListProps & { onRestart: () => void }) {
  const { workspaceId, filters, onReset, onRestart } = props;
  const nowMs = useNow();
  const [older, setOlder] = useState<string[]>([]);
  const [{ data, error }, reload] = useQuery({
    query: activityPageQuery,
    variables: { workspaceId, before: null, filter: toEventFilter(filters) },
    requestPolicy: "network-only",
  });
  const log = readLog(data);
  // The first one: what comes after it comes live, and is not asked for again when the page is.
  const [start, setStart] = useState<string | null>(null);
  if (log && start === null) setStart(log.eventCursor);
  const tail = useLiveTail(workspaceId, start, filters);
  const retry = () => reload({ requestPolicy: "network-only" });

  if (error && !log) return <ErrorNotice error={error} onRetry={retry} />;
  if (!log) return <RowsSkeleton rows={8} label="Loading the activity" />;
  const events = joinEvents(tail.events, log.events);
  return (
    <>
      {error && <StaleNotice error={error} onRetry={retry} />}
      {tail.isLost && (
        <Button variant="default" mb="md" onClick={onRestart}>
          A back-up was restored. Read the log anew
        </Button>
      )}
      <HeldEvents count={tail.heldCount} />
      {events.length === 0 && log.olderThan === null && <Nothing onReset={onReset} />}
      {events.length > 0 && (
        <ol className={`panel rows ${classes["list"]}`} data-testid="activity">
          {events.map((event) => (
            <EventRow key={event.id} event={event} nowMs={nowMs} />
          ))}
        </ol>
      )}
      {older.map((before, index) => (
        <OlderPage
          key={before}
          {...{ workspaceId, before, filters, nowMs }}
          onMore={index === older.length - 1 ? (next) => setOlder([...older, next]) : undefined}
        />
      ))}
      {older.length === 0 && (
        <MoreButton olderThan={log.olderThan} onMore={(before) => setOlder([before])} />
      )}
    </>
  );
}

/** An event may have come both ways. */
function joinEvents(tail: readonly ActivityEvent[], page: readonly ActivityEvent[]) {
  const known = new Set(page.map(({ id }) => id));
  return [...tail.filter(({ id }) => !known.has(id)), ...page];
}

function HeldEvents({ count }: { count: number }) {
  return (
    <div className={classes["held"]} role="status">
      {count > 0 && (
        <Button
          size="xs"
          radius="xl"
          leftSection={<IconArrowUp size={14} aria-hidden />}
          onClick={() => window.scrollTo({ top: 0 })}
        >
          {count === 1 ? "1 new event" : `${count} new events`}
        </Button>
      )}
    </div>
  );
}

function Nothing({ onReset }: { onReset: (() => void) | null }) {
  if (!onReset)
    return (
      <ListMessage words="Nothing has happened yet. What happens to servers, accounts and tools appears here." />
    );
  return (
    <ListMessage
      words="No event fits."
      action={
        <Button size="xs" variant="default" onClick={onReset}>
          Show all
        </Button>
      }
    />
  );
}
