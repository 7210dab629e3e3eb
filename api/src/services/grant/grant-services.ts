import { appendEvent } from "#events/log.ts";
import type { RefresherOptions } from "#oauth/refresh-flight.ts";
import { createRefresher } from "#oauth/refresher.ts";
import type { Platform } from "#platform.ts";
import type { Stores } from "#storage/stores.ts";
import type { AccessServices } from "../access/access-services.ts";
import type { CallCaches } from "../cache/call-caches.ts";
import type { DiscoveryServices } from "../discovery/discovery-services.ts";
import { createAccountKeys } from "./account-keys.ts";
import { createAccountsNeedingConsent } from "./accounts-needing-consent.ts";
import { createAuthorizationRequired } from "./authorization-required.ts";
import { type AccountsDeps, createAccounts } from "./credentials.ts";
import { createIssuerChanges } from "./issuer-changes.ts";
import { createPersonalKeys, type PersonalKeysDeps } from "./personal-keys.ts";
import { createRevocation } from "./revocation.ts";
import { createTokenRejections } from "./token-rejections.ts";

export type GrantServices = ReturnType<typeof createGrantServices>;

export interface GrantListeners {
  /** A token request was answered. */
  onTokenRequest: NonNullable<RefresherOptions["onSettled"]>;
  /** An account without a grant is used at a server whose client credentials are set. Returns when the attempt is over. */
  onMissingGrant: AccountsDeps["connectWithClientCredentials"];
  /** A user entered a key. */
  onKeySet: PersonalKeysDeps["onKeySet"];
}

export function createGrantServices(
  platform: Platform,
  stores: Stores,
  { access, detector, callCaches }: AccessServices & DiscoveryServices & { callCaches: CallCaches },
  listeners: GrantListeners,
) {
  const { db, clock, background, changes, signAssertion } = platform;
  const revocation = createRevocation({
    db,
    store: stores.revocations,
    fetchFor: platform.fetchFor,
    signAssertion,
    background,
    clock,
    sleep: platform.sleep,
    log: (message, details) => platform.logger.info(details, message),
  });
  const refresher = createRefresher({
    ...platform.options.refresh,
    grants: stores.grantStore,
    async fetchFor(serverId, beforeSend) {
      const { url } = await db.mcpServer.findUniqueOrThrow({
        where: { id: serverId },
        select: { url: true },
      });
      return platform.egress.fetchFor({ serverUrl: url, beforeSend });
    },
    clock,
    sleep: platform.sleep,
    signAssertion,
    profiles: platform.profiles,
    async revokeLater(grant, { accessToken, refreshToken }) {
      const cause = await stores.revocations.readCause(grant);
      await db.$transaction((tx) =>
        stores.revocations.addTokens(tx, { ...grant, accessToken, refreshToken }, cause),
      );
      revocation.kick();
    },
    onSettled(report) {
      platform.logger.info({ ...report }, "token request");
      listeners.onTokenRequest(report);
    },
  });
  const keys = createAccountKeys({
    db,
    secrets: stores.secrets,
    rows: callCaches,
    appendStateChange: stores.appendStateChange,
    changes,
    onError: (error) => platform.logger.warn({ err: error }, "the state of a key was not stored"),
  });
  const accounts = createAccounts({
    db,
    keys,
    secrets: stores.secrets,
    refresher,
    grants: stores.grants,
    detector,
    authorizationRequired: createAuthorizationRequired({
      db,
      appendEvent,
      appendStateChange: stores.appendStateChange,
      changes,
      keys,
    }),
    rejections: createTokenRejections(clock),
    moves: createIssuerChanges({
      detector,
      grants: stores.grantMove,
      kickRevocation: () => revocation.kick(),
      clock,
    }),
    rows: callCaches,
    background,
    clock,
    connectWithClientCredentials: listeners.onMissingGrant,
  });
  platform.connections.defer(() => refresher.close());
  return {
    revocation,
    refresher,
    accounts,
    keys,
    personalKeys: createPersonalKeys({
      db,
      access,
      secrets: stores.secrets,
      newId: platform.newId,
      appendStateChange: stores.appendStateChange,
      changes,
      onKeySet: listeners.onKeySet,
    }),
    accountNeeds: createAccountsNeedingConsent({ db, access }),
  };
}
