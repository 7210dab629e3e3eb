import { useSearchParams } from "react-router";
import type { ToolExecutionStatus } from "../../graphql/generated/graphql.ts";
import { executionWords } from "../../lib/words.ts";

export type RunFilters = {
  serverId: string | null;
  status: ToolExecutionStatus | null;
  toolName: string | null;
};

export const noFilters: RunFilters = { serverId: null, status: null, toolName: null };
export const statuses = Object.keys(executionWords) as ToolExecutionStatus[];

/** What the history is narrowed to; it stands in the address. */
export function useRunFilters(): [RunFilters, (change: Partial<RunFilters>) => void] {
  const [params, setParams] = useSearchParams();
  return [
    readFilters(params),
    (change) =>
      setParams((present) => writeFilters(present, { ...readFilters(present), ...change }), {
        replace: true,
      }),
  ];
}

function readFilters(params: URLSearchParams): RunFilters {
  return {
    serverId: params.get("server"),
    status: statuses.find((status) => status === params.get("status")) ?? null,
    toolName: params.get("tool"),
  };
}

function writeFilters(
  present: URLSearchParams,
  { serverId, status, toolName }: RunFilters,
): URLSearchParams {
  const params = new URLSearchParams(present);
  for (const [name, value] of Object.entries({ server: serverId, status, tool: toolName })) {
    if (value) params.set(name, value);
    else params.delete(name);
  }
  return params;
}

/** As the API takes them. */
export function toRunFilter({ serverId, status, toolName }: RunFilters) {
  return { serverId, status: status ? [status] : null, toolName };
}

/** The same in the address of a file. */
export function exportRunsPath(
  format: "csv" | "json",
  workspaceId: string,
  filters: RunFilters,
): string {
  const params = new URLSearchParams({ workspaceId });
  for (const [name, value] of Object.entries(filters)) if (value) params.set(name, value);
  return `/export/runs.${format}?${params}`;
}
