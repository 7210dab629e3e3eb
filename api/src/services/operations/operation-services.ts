import { startInterval } from "#async/interval.ts";
import type { Platform } from "#platform.ts";
import type { AccessServices } from "../access/access-services.ts";
import type { CatalogServices } from "../catalog/catalog-services.ts";
import type { ConsentServices } from "../consent/consent-services.ts";
import { startBackgroundRefresh } from "../grant/background-refresh.ts";
import type { GrantServices } from "../grant/grant-services.ts";
import { startSuspensionRetries } from "../grant/suspension-retries.ts";
import type { ServerServices } from "../server/server-services.ts";
import type { SessionServices } from "../session/session-services.ts";
import { startHousekeeping } from "./housekeeping.ts";
import { createStatistics } from "./statistics.ts";

export type OperationServices = ReturnType<typeof createOperationServices>;

export function createOperationServices(
  { db, clock, config }: Platform,
  lower: AccessServices &
    GrantServices &
    ServerServices &
    SessionServices &
    CatalogServices &
    ConsentServices,
) {
  return {
    statistics: createStatistics({ db, access: lower.access }),

    /**
     * Starts the recurring tasks.
     * @param refreshEveryMs absent: the default; null: tokens are not refreshed in the background
     */
    startTasks: (
      onError: (error: unknown) => void,
      refreshEveryMs: number | null | undefined,
    ): Disposable[] => [
      startHousekeeping(db, config, onError),
      startSuspensionRetries({ db, listTools: lower.catalogs.discover, clock, onError }),
      startInterval(() => lower.revocation.kick(), 5_000),
      startInterval(() => lower.pool.sweep(), 15_000),
      startInterval(lower.finalizing.now, 5_000),
      startInterval(() => lower.retireRegistrations(null), 60_000),
      lower.finalizing,
      ...(refreshEveryMs === null
        ? []
        : [
            startBackgroundRefresh({
              db,
              refresher: lower.refresher,
              clock,
              random: Math.random,
              onError,
              ...(refreshEveryMs === undefined ? {} : { everyMs: refreshEveryMs }),
            }),
          ]),
    ],
  };
}
