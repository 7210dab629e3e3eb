import { Anchor } from "@mantine/core";
import { Link } from "react-router";
import { formatInstant, formatRelative } from "../../lib/format.ts";
import { runPath, serverPath } from "../../lib/paths.ts";
import { type ActivityEvent, describeEvent, type SentencePart } from "./describe-event.ts";
import { EventIcon } from "./event-icon.tsx";
import classes from "./event-row.module.css";

/** One event of the log: who did what, where, and when. */
export function EventRow({ event, nowMs }: { event: ActivityEvent; nowMs: number }) {
  const { tone, parts } = describeEvent(event);
  return (
    <li className={classes["row"]} data-event={event.type}>
      <EventIcon type={event.type} tone={tone} />
      <div className={classes["sentence"]}>
        {parts.map((part, index) => (
          <Part key={index} part={part} serverId={event.server?.id} isFirst={index === 0} />
        ))}
      </div>
      <time
        className={classes["when"]}
        dateTime={event.occurredAt}
        title={formatInstant(event.occurredAt)}
      >
        {formatRelative(event.occurredAt, nowMs)}
      </time>
    </li>
  );
}

type PartProps = { part: SentencePart; serverId: string | undefined; isFirst: boolean };

function Part({ part, serverId, isFirst }: PartProps) {
  if (typeof part === "string")
    return isFirst ? part.charAt(0).toUpperCase() + part.slice(1) : part;
  if ("run" in part) {
    return (
      <Anchor component={Link} to={runPath(part.id)} inherit underline="always" className="mono">
        {part.run}
      </Anchor>
    );
  }
  if (serverId === undefined) return part.server;
  return (
    <Anchor component={Link} to={serverPath(serverId)} inherit underline="always">
      {part.server}
    </Anchor>
  );
}
