import { Button, NativeSelect, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useClient } from "urql";
import type { ToolExecutionStatus, WorkspaceEventType } from "../../graphql/generated/graphql.ts";
import { useWorkspaceChanges } from "../../graphql/use-workspace-changes.ts";
import { useNow } from "../../lib/use-now.ts";
import { executionWords } from "../../lib/words.ts";
import { ExportMenu } from "../../ui/export-menu.tsx";
import { FilterBar } from "../../ui/filter-bar.tsx";
import { ListMessage } from "../../ui/list-message.tsx";
import { ServerSelect } from "../../ui/server-select.tsx";
import { exportRunsPath, noFilters, statuses, useRunFilters } from "./run-filters.ts";
import { refreshRuns, RunPageList } from "./run-page-list.tsx";

const finished: WorkspaceEventType[] = ["TOOL_EXECUTED"];

/** The history of runs with its filters. */
export function Runs({ workspaceId }: { workspaceId: string }) {
  const [filters, change] = useRunFilters();
  const { serverId, status, toolName } = filters;
  const isFiltered = serverId !== null || status !== null || toolName !== null;
  const client = useClient();
  useWorkspaceChanges(workspaceId, finished, () => refreshRuns(client, workspaceId, filters));
  return (
    <>
      <FilterBar
        end={<ExportMenu pathOf={(format) => exportRunsPath(format, workspaceId, filters)} />}
      >
        <NativeSelect
          aria-label="Outcome"
          value={status ?? ""}
          onChange={(event) =>
            change({ status: (event.currentTarget.value || null) as ToolExecutionStatus | null })
          }
          data={[
            { value: "", label: "All outcomes" },
            ...statuses.map((each) => ({ value: each, label: executionWords[each].label })),
          ]}
        />
        <ServerSelect
          workspaceId={workspaceId}
          value={serverId}
          onChange={(id) => change({ serverId: id })}
        />
        <ToolFilter
          key={toolName ?? ""}
          toolName={toolName}
          onChange={(name) => change({ toolName: name })}
        />
      </FilterBar>
      <Pages
        key={`${serverId} ${status} ${toolName}`}
        {...{ workspaceId, filters }}
        empty={
          isFiltered ? (
            <ListMessage
              words="No run fits."
              action={
                <Button size="xs" variant="default" onClick={() => change({ ...noFilters })}>
                  Show all
                </Button>
              }
            />
          ) : (
            <ListMessage words="No tool has run yet. Open a server and run one of its tools: every run appears here." />
          )
        }
      />
    </>
  );
}

type ToolFilterProps = { toolName: string | null; onChange: (name: string | null) => void };

/** The whole name of a tool; taken when Enter is pressed or the field is left. */
function ToolFilter({ toolName, onChange }: ToolFilterProps) {
  const [typed, setTyped] = useState(toolName ?? "");
  const take = () => onChange(typed.trim() || null);
  return (
    <form onSubmit={(event) => (event.preventDefault(), take())}>
      <TextInput
        aria-label="Tool"
        placeholder="Tool, its whole name"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        onBlur={() => typed.trim() !== (toolName ?? "") && take()}
      />
    </form>
  );
}

type PagesProps = {
  workspaceId: string;
  filters: Parameters<typeof RunPageList>[0]["filters"];
  empty: React.ReactNode;
};

function Pages({ workspaceId, filters, empty }: PagesProps) {
  const nowMs = useNow();
  const [places, setPlaces] = useState<(string | null)[]>([null]);
  return places.map((after, index) => (
    <RunPageList
      key={after ?? ""}
      {...{ workspaceId, filters, after, nowMs, empty }}
      onMore={index === places.length - 1 ? (next) => setPlaces([...places, next]) : undefined}
    />
  ));
}
