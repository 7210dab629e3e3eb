import type { Platform } from "#platform.ts";
import type { Stores } from "#storage/stores.ts";
import type { AccessServices } from "../access/access-services.ts";
import { createRateLimiter } from "../access/rate-limit.ts";
import type { CatalogServices } from "../catalog/catalog-services.ts";
import type { DiscoveryServices } from "../discovery/discovery-services.ts";
import type { GrantServices } from "../grant/grant-services.ts";
import type { Sandbox } from "../server/sandbox-servers.ts";
import { createClientCredentialsTrigger } from "./client-credentials-trigger.ts";
import { createClients } from "./client-registration.ts";
import { createSimulation } from "./failure-simulation.ts";
import { createCallback } from "./finish-consent.ts";
import { createFlowDescriber } from "./flow-page.ts";
import { createConsent } from "./start-consent.ts";
import { createConnection } from "./store-grant.ts";

export type ConsentServices = ReturnType<typeof createConsentServices>;

export function createConsentServices(
  platform: Platform,
  stores: Stores,
  lower: AccessServices & DiscoveryServices & GrantServices & CatalogServices,
  { sandbox, encodeServerId }: { sandbox: Sandbox | null; encodeServerId(id: string): string },
) {
  const { db, clock, background, changes, crypto, redirectUri, signAssertion } = platform;
  const { access, revocation } = lower;
  const shared = {
    db,
    access,
    flows: stores.flows,
    grants: stores.grants,
    issuerRefusals: stores.issuerRefusals,
    revocation,
    fetchFor: platform.fetchFor,
    clock,
    hashState: crypto.sha256,
    randomToken: crypto.randomToken,
  };
  const retireRegistrations = (serverId: string | null) =>
    background.start("retirement of registrations", async () => {
      if ((await stores.registrations.retireUnused(serverId)) > 0) revocation.kick();
    });
  const connection = createConnection({
    ...shared,
    catalogs: lower.catalogs,
    background,
    changes,
    retireRegistrations,
  });
  const consent = createConsent({
    ...shared,
    clients: createClients({
      store: stores.clients,
      secrets: stores.secrets,
      redirectUri,
      publicUrl: platform.config.publicUrl,
      metadataDocumentUrl: platform.config.clientMetadataUrl,
      clock,
      sleep: platform.sleep,
    }),
    clientStore: stores.clients,
    connection,
    signAssertion,
    detector: lower.detector,
    refresher: lower.refresher,
    limiter: createRateLimiter(db, { name: "start-oauth", burst: 60, perMinute: 60 }),
    redirectUri,
    changes,
  });
  return {
    consent,
    retireRegistrations,
    clientCredentialsTrigger: createClientCredentialsTrigger({ db, consent, background, clock }),
    callback: createCallback({
      ...shared,
      clients: stores.clients,
      connection,
      signAssertion,
      profiles: platform.profiles,
      background,
    }),
    describeFlow: createFlowDescriber({ db, flows: stores.flows, encodeServerId }),
    simulation: createSimulation({
      ...shared,
      grantStore: stores.grantStore,
      grantMove: stores.grantMove,
      changes,
      sandboxUrls: sandbox && [sandbox.notesUrl, sandbox.weatherUrl],
    }),
  };
}
