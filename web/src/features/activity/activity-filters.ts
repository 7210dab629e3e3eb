import { useSearchParams } from "react-router";
import type { WorkspaceEventType } from "../../graphql/generated/graphql.ts";
import { eventTypes } from "../../lib/event-words.ts";

export type ActivityFilters = {
  type: WorkspaceEventType | null;
  serverId: string | null;
  onlyMine: boolean;
};

export const noFilters: ActivityFilters = { type: null, serverId: null, onlyMine: false };

/** What the log is narrowed to. It stands in the address, beside what else stands there. */
export function useActivityFilters(): [
  ActivityFilters,
  (change: Partial<ActivityFilters>) => void,
] {
  const [params, setParams] = useSearchParams();
  return [
    readFilters(params),
    (change) =>
      setParams((present) => writeFilters(present, { ...readFilters(present), ...change }), {
        replace: true,
      }),
  ];
}

export function readFilters(params: URLSearchParams): ActivityFilters {
  return {
    type: eventTypes.find((type) => type === params.get("type")) ?? null,
    serverId: params.get("server"),
    onlyMine: params.get("mine") === "1",
  };
}

/** The address's other parameters stay. */
export function writeFilters(
  present: URLSearchParams,
  { type, serverId, onlyMine }: ActivityFilters,
): URLSearchParams {
  const params = new URLSearchParams(present);
  const wanted = { type, server: serverId, mine: onlyMine ? "1" : null };
  for (const [name, value] of Object.entries(wanted)) {
    if (value) params.set(name, value);
    else params.delete(name);
  }
  return params;
}

/** As the API takes them. */
export function toEventFilter({ type, serverId, onlyMine }: ActivityFilters) {
  return { types: type ? [type] : null, serverId, onlyMine };
}

/** The same in the address of a file. */
export function exportEventsPath(
  format: "csv" | "json",
  workspaceId: string,
  { type, serverId, onlyMine }: ActivityFilters,
): string {
  const params = new URLSearchParams({ workspaceId });
  if (type) params.set("types", type);
  if (serverId) params.set("serverId", serverId);
  if (onlyMine) params.set("onlyMine", "true");
  return `/export/events.${format}?${params}`;
}
