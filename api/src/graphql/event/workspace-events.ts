import type { EventFilter } from "#services/event/event-selection.ts";
import type { DeliveredEvent, EventPage } from "#services/event/workspace-events.ts";
import { builder } from "../builder.ts";
import { readIdOrNobody } from "../global-id.ts";
import { sameForAll } from "../live/same-for-all.ts";
import { Workspace } from "../workspace/workspace.ts";
import { WorkspaceEvent, WorkspaceEventType } from "./event.ts";

const WorkspaceEventFilter = builder.inputType("WorkspaceEventFilter", {
  description: "All that is given must hold. OAUTH_STATE_CHANGED includes REAUTH_REQUIRED.",
  fields: (t) => ({
    types: t.field({ type: [WorkspaceEventType] }),
    serverId: t.id({ description: "A server's, whether or not it still exists." }),
    onlyMine: t.boolean({
      description: "About an account of the caller's own, or done by the caller.",
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
    cursor: t.exposeString("cursor", { description: "The event's." }),
    node: t.field({ type: WorkspaceEvent, resolve: (event) => event }),
  }),
});

const WorkspaceEventConnection = builder
  .objectRef<EventPage>("WorkspaceEventConnection")
  .implement({
    description:
      "A page of the log. Where what is asked for is rare, a page may be short or empty although pageInfo says that there is more: go on from its endCursor.",
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
      "The durable log, oldest first when paged with first/after, newest first with last/before. An edge's cursor is its event's. `first` and `last` are 20 if left out and at most 100.",
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
      "Every entry of the log that the caller may see: first all that came after `after`, then live, each exactly once and in order. Without `after`: live only.",
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
