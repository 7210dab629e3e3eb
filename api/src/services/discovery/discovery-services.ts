import { createDiscoveryCache } from "#oauth/discovery-cache.ts";
import type { Platform } from "#platform.ts";
import type { AccessServices } from "../access/access-services.ts";
import { createRateLimiter } from "../access/rate-limit.ts";
import { createDetector } from "./detection.ts";
import { createDiagnosis } from "./diagnosis.ts";
import { createHeadersTests } from "./test-headers.ts";

export type DiscoveryServices = ReturnType<typeof createDiscoveryServices>;

const discoveryTtlMs = 10 * 60_000;

export function createDiscoveryServices(platform: Platform, { access }: AccessServices) {
  const { db, clock, fetchFor, redirectUri, config } = platform;
  const shared = {
    access,
    fetchFor,
    clock,
    redirectUri,
    metadataDocumentUrl: config.clientMetadataUrl,
  };
  const detector = createDetector({
    ...shared,
    findUrlFault: (url) => platform.egress.checkUrl(url),
    cache: createDiscoveryCache({ clock, ttlMs: discoveryTtlMs }),
    profiles: platform.profiles,
    clientInfo: platform.clientInfo,
  });
  const diagnosis = createDiagnosis({
    ...shared,
    detector,
    limiter: createRateLimiter(db, { name: "diagnose", burst: 10, perMinute: 10 }),
  });
  const headersTests = createHeadersTests({
    access,
    detector,
    fetchFor: platform.mcpFetchFor,
    clientInfo: platform.clientInfo,
  });
  return { detector, diagnosis, headersTests };
}
