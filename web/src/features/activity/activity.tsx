import { NativeSelect, Switch } from "@mantine/core";
import type { WorkspaceEventType } from "../../graphql/generated/graphql.ts";
import { ExportMenu } from "../../ui/export-menu.tsx";
import { FilterBar } from "../../ui/filter-bar.tsx";
import { ServerSelect } from "../../ui/server-select.tsx";
import { exportEventsPath, noFilters, useActivityFilters } from "./activity-filters.ts";
import { ActivityList } from "./activity-list.tsx";
import { eventTypes, typeWords } from "../../lib/event-words.ts";

type ActivityProps = {
  workspaceId: string;
  /** One server's alone; left out: any, and a filter for it. */
  serverId?: string;
};

/** The event log with its filters, live and to be exported. */
export function Activity({ workspaceId, serverId }: ActivityProps) {
  const [chosen, change] = useActivityFilters();
  const filters = serverId === undefined ? chosen : { ...chosen, serverId };
  const isFiltered =
    chosen.type !== null || chosen.onlyMine || (serverId === undefined && chosen.serverId !== null);
  return (
    <>
      <FilterBar
        end={<ExportMenu pathOf={(format) => exportEventsPath(format, workspaceId, filters)} />}
      >
        <NativeSelect
          aria-label="Kind of event"
          value={chosen.type ?? ""}
          onChange={(event) =>
            change({ type: (event.currentTarget.value || null) as WorkspaceEventType | null })
          }
          data={[
            { value: "", label: "All kinds of events" },
            ...eventTypes.map((type) => ({ value: type, label: typeWords[type] })),
          ]}
        />
        {serverId === undefined && (
          <ServerSelect
            workspaceId={workspaceId}
            value={chosen.serverId}
            onChange={(id) => change({ serverId: id })}
          />
        )}
        <Switch
          label="Only mine"
          checked={chosen.onlyMine}
          onChange={(event) => change({ onlyMine: event.currentTarget.checked })}
        />
      </FilterBar>
      <ActivityList
        workspaceId={workspaceId}
        filters={filters}
        onReset={isFiltered ? () => change({ ...noFilters }) : null}
      />
    </>
  );
}
