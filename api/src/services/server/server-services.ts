import { createDelayedRuns } from "#async/interval.ts";
import { appendEvent } from "#events/log.ts";
import type { Platform } from "#platform.ts";
import type { Stores } from "#storage/stores.ts";
import type { AccessServices } from "../access/access-services.ts";
import type { DiscoveryServices } from "../discovery/discovery-services.ts";
import type { GrantServices } from "../grant/grant-services.ts";
import { createServer } from "./create-server.ts";
import { createSandboxServers, type Sandbox } from "./sandbox-servers.ts";
import { createServerDeletion } from "./server-deletion.ts";
import type { Servers, ServersDeps } from "./servers.ts";
import { trustIssuer } from "./trusted-issuer.ts";
import { updateServer } from "./update-server.ts";

export type ServerServices = ReturnType<typeof createServerServices>;

/** How long the deletion of a server can be undone, in milliseconds. */
const defaultUndoMs = 10_000;

export function createServerServices(
  platform: Platform,
  stores: Stores,
  lower: AccessServices & DiscoveryServices & GrantServices,
  {
    sandbox,
    onClientCredentials,
  }: {
    sandbox: Sandbox | null;
    /** Called when client credentials were set for a server. */
    onClientCredentials: ServersDeps["onClientCredentials"];
  },
) {
  const { db, changes, logger, config } = platform;
  const shared = {
    db,
    access: lower.access,
    quotas: config.quotas,
    flows: stores.flows,
    grants: stores.grants,
    revocation: lower.revocation,
    changes,
  };
  const serversDeps: ServersDeps = {
    ...shared,
    secrets: stores.secrets,
    detector: lower.detector,
    newId: platform.newId,
    appendEvent,
    appendStateChange: stores.appendStateChange,
    onClientCredentials,
  };
  const servers: Servers = {
    create: (...args) => createServer(serversDeps, ...args),
    update: (...args) => updateServer(serversDeps, ...args),
    trustIssuer: (...args) => trustIssuer(serversDeps, ...args),
  };
  const deletion = createServerDeletion({
    ...shared,
    registrations: stores.registrations,
    undoMs: platform.options.undoMs ?? defaultUndoMs,
    appendServerEvent: (tx, { fields, ...event }) =>
      appendEvent(tx, { ...event, userId: null, payload: fields ? { fields } : {} }),
    scheduleFinalizing: (inMs) => finalizing.after(inMs),
    onError: (error) => logger.warn({ err: error }, "a deleted server could not be ended"),
  });
  const finalizing = createDelayedRuns(() =>
    platform.background.start("ending of deleted servers", (signal) =>
      deletion.finalizeDue(signal),
    ),
  );
  return {
    servers,
    deletion,
    finalizing,
    sandboxServers: createSandboxServers({ db, servers, sandbox }),
  };
}
