/** Creates the services of every noun, each from those of the nouns below it. */
import { encodeGlobalId } from "#graphql/global-id.ts";
import { isLoopbackAddress } from "#http/client-address.ts";
import type { Platform } from "#platform.ts";
import { createAccessServices } from "#services/access/access-services.ts";
import { createCallCaches } from "#services/cache/call-caches.ts";
import { createCatalogServices } from "#services/catalog/catalog-services.ts";
import { createConsentServices } from "#services/consent/consent-services.ts";
import { createDiscoveryServices } from "#services/discovery/discovery-services.ts";
import { createEventServices } from "#services/event/event-services.ts";
import { createGrantServices } from "#services/grant/grant-services.ts";
import type { Metrics } from "#services/operations/metrics.ts";
import { createOperationServices } from "#services/operations/operation-services.ts";
import { createServerServices } from "#services/server/server-services.ts";
import type { Sandbox } from "#services/server/sandbox-servers.ts";
import { createSessionServices } from "#services/session/session-services.ts";
import { createToolServices } from "#services/tool/tool-services.ts";
import { createWebhookDescriber } from "#services/webhook/webhook-message.ts";
import { createWebhookServices } from "#services/webhook/webhook-services.ts";
import { createWorkspaceServices } from "#services/workspace/workspace-services.ts";
import { cutResult } from "#storage/execution-content.ts";
import { renewEpochs } from "#storage/log-epoch.ts";
import type { Stores } from "#storage/stores.ts";

export type Services = ReturnType<typeof createServices>;

export function createServices(
  platform: Platform,
  stores: Stores,
  { sandbox, metrics }: { sandbox: Sandbox | null; metrics: Metrics },
) {
  const { db, isHearing, onTopic, clock, polled } = platform;
  const access = createAccessServices(platform, isLoopbackAddress);
  const discovery = createDiscoveryServices(platform, access);
  const callCaches = createCallCaches({
    store: stores.callCaches,
    onTopic,
    isHearing,
    clock,
    ...polled,
  });
  platform.connections.defer(() => callCaches.close());
  const cached = { ...access, ...discovery, callCaches };
  const grant = createGrantServices(platform, stores, cached, {
    onTokenRequest: metrics.noteTokenRequest,
    // Tries the key, so that its user sees whether the server accepts it.
    onKeySet: ({ serverId, ownerId }) =>
      platform.background.start("try of a key", async () => {
        await catalog.catalogs.discover(serverId, ownerId);
      }),
    onMissingGrant: (server) => consent.clientCredentialsTrigger.attempt(server),
  });
  const granted = { ...cached, ...grant };
  const server = createServerServices(platform, stores, granted, {
    sandbox,
    onClientCredentials: (row, userId) => consent.clientCredentialsTrigger.start(row, userId),
  });
  const session = createSessionServices(platform, granted);
  const catalog = createCatalogServices(platform, { ...granted, ...session });
  const listed = { ...granted, ...server, ...session, ...catalog };
  const consent = createConsentServices(platform, stores, listed, {
    sandbox,
    encodeServerId: (id) => encodeGlobalId("McpServer", id),
  });
  const workspace = createWorkspaceServices(platform, stores, granted);
  const tool = createToolServices(platform, stores, listed, {
    cutResult,
    onFinished: metrics.noteToolRun,
  });
  const connected = { ...listed, ...consent, ...workspace, ...tool };
  const describe = createWebhookDescriber({ encodeId: encodeGlobalId });
  const event = createEventServices(platform, connected, {
    encodeId: encodeGlobalId,
    describe,
    renewEpochs: () => renewEpochs(db),
    onRead: metrics.noteEventsRead,
  });
  const webhook = createWebhookServices(platform, stores, access, describe);
  const operations = createOperationServices(platform, connected);
  return { ...connected, ...event, ...webhook, ...operations, tool, operations };
}
