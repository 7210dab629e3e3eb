import { within } from "#async/deadline.ts";
import { readHeads, readPage, renewEpoch } from "#events/log.ts";
import { openLogConnections } from "#events/log-connections.ts";
import { createTails } from "#events/tail.ts";
import type { Platform } from "#platform.ts";
import type { AccessServices } from "../access/access-services.ts";
import type { ConsentServices } from "../consent/consent-services.ts";
import type { ToolServices } from "../tool/tool-services.ts";
import { watchEpochs } from "./epoch-watch.ts";
import { createExports, type ExportsDeps } from "./exports.ts";
import { createRoleWatcher, readRoles } from "./role-watch.ts";
import { createSubscriptions } from "./subscriptions.ts";
import { createWorkspaceEvents } from "./workspace-events.ts";

export type EventServices = ReturnType<typeof createEventServices>;

/** A read for subscribers is repeated if it has no result after this time. */
const readTimeoutMs = 10_000;

export interface EventServicesOptions extends Pick<ExportsDeps, "encodeId" | "describe"> {
  renewEpochs(): Promise<boolean>;
  /** Called when events were read for subscribers. `agesMs`: the time since each event. */
  onRead(agesMs: number[]): void;
}

export function createEventServices(
  platform: Platform,
  { access, consent, history, elicitations }: AccessServices & ConsentServices & ToolServices,
  { encodeId, describe, renewEpochs, onRead }: EventServicesOptions,
) {
  const { db, bus, onTopic, resources, connections, warnOfRestore } = platform;
  const readForSubscribers = <T>(reading: Promise<T>) => within(readTimeoutMs, reading);
  const logConnections = openLogConnections(platform.options.databaseUrl, readTimeoutMs);
  resources.defer(() => logConnections.close());
  const tails = createTails({
    readPage: (workspaceId, after, most) =>
      readForSubscribers(readPage(logConnections.run, workspaceId, after, most)),
    readHeads: (workspaceIds) => readForSubscribers(readHeads(db, workspaceIds)),
    onGrown: onTopic("workspace"),
    onRead: (events) => onRead(events.map(({ occurredAt }) => Date.now() - occurredAt.getTime())),
    async endEpoch(workspaceId, epoch) {
      await renewEpoch(db, workspaceId, epoch);
      warnOfRestore();
    },
  });
  connections.defer(() => tails.close());
  const roles = createRoleWatcher({
    readRoles: (workspaceIds) => readForSubscribers(readRoles(db, workspaceIds)),
    onChanged: onTopic("members"),
    isHearing: platform.isHearing,
    clock: platform.clock,
  });
  connections.defer(() => roles.close());
  connections.use(
    watchEpochs({
      onReconnected: (listener) =>
        onTopic("workspace")((id) => {
          if (id === null) listener();
        }),
      renewEpochs,
      onRenewed: warnOfRestore,
    }),
  );
  const events = createWorkspaceEvents({ db, tails, roles, access });

  return {
    readForSubscribers,
    tails,
    roles,
    events,
    live: createSubscriptions({
      bus,
      access,
      events,
      findFlow: (caller, id) => consent.findFlow(caller, id),
      findExecution: (caller, id) => history.find(caller, id),
      findElicitation: async (caller, id) =>
        (await elicitations.findPendingOf(caller, [id]))[0] ?? null,
    }),
    exports: createExports({ db, events, history, encodeId, describe }),
  };
}
