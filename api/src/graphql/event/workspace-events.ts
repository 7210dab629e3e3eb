import type { EventFilter } from "#services/event/event-selection.ts";
import type { DeliveredEvent, EventPage } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { Workspace } from "../workspace/workspace.ts";
import { WorkspaceEvent, WorkspaceEventType } from "./event.ts";

const WorkspaceEventFilter = builder.inputType("WorkspaceEventFilter", {
  description:
    "Conditions for a filter. An event must match all of them. OAUTH_STATE_CHANGED includes REAUTH_REQUIRED.",
  fields: (t) => ({
    types: t.field({ type: [WorkspaceEventType] }),
    serverId: t.id({ description: "The ID of a server, which may have been deleted." }),
    onlyMine: t.boolean({
      description:
        "Whether to return only events that concern the caller's accounts or were caused by the caller.",
    }),
  }),
});

function readFilter(filter: typeof WorkspaceEventFilter.$inferInput | null | undefined) {
  return {
    types: filter?.types ?? null,
    serverId: filter?.serverId == null ? null : readIdOrNobody(filter.serverId, "McpServer"),
    onlyMine: filter?.onlyMine ?? false,
  } satisfies EventFilter;
}

const WorkspaceEventEdge = builder.objectRef<DeliveredEvent>("WorkspaceEventEdge").implement({
  fields: (t) => ({
    cursor: t.exposeString("cursor", { description: "The cursor of the event." }),
    node: t.field({ type: WorkspaceEvent, resolve: (event) => event }),
  }),
});

const WorkspaceEventConnection = builder
  .objectRef<EventPage>("WorkspaceEventConnection")
  .implement({
    description:
      "A page of the event log. With a filter that matches few entries, a page may be short or empty although pageInfo indicates more; continue from its endCursor.",
    fields: (t) => ({
      edges: t.field({ type: [WorkspaceEventEdge], resolve: ({ events }) => events }),
      nodes: t.field({ type: [WorkspaceEvent], resolve: ({ events }) => events }),
      pageInfo: t.field({ type: builder.pageInfoRef(), resolve: (page) => page }),
    }),
  });

builder.prismaObjectField(Workspace, "events", (t) =>
  t.field({
    type: WorkspaceEventConnection,
    description:
      "The events in the durable log, oldest first with first/after, newest first with last/before. The cursor of an edge equals the cursor of its event. `first` and `last` default to 20, at most 100.",
    args: {
      first: t.arg.int(),
      after: t.arg.string(),
      last: t.arg.int(),
      before: t.arg.string(),
      filter: t.arg({ type: WorkspaceEventFilter }),
    },
    resolve: ({ id }, { first, after, last, before, filter }, { services, caller }) =>
      services.events.list(
        caller,
        id,
        {
          first: first ?? null,
          after: after ?? null,
          last: last ?? null,
          before: before ?? null,
        },
        readFilter(filter),
      ),
  }),
);

builder.subscriptionField("workspaceEvents", (t) =>
  t.field({
    ...sameForAll,
    type: WorkspaceEvent,
    description:
      "Sends events of the workspace that the caller can see. Sends the recorded events after `after` first and then new ones, each exactly once and in order. If `after` is omitted, only new events are sent.",
    args: {
      workspaceId: t.arg.id({ required: true }),
      filter: t.arg({ type: WorkspaceEventFilter }),
      after: t.arg.string(),
    },
    subscribe: (_root, { workspaceId, filter, after }, { services, caller }) =>
      services.events.subscribe(
        caller,
        readIdOrNobody(workspaceId, "Workspace"),
        after ?? null,
        readFilter(filter),
      ),
    resolve: (event) => event,
  }),
);
