import { appendEvent } from "#events/log.ts";
import type { Platform } from "#platform.ts";
import type { AccessServices } from "../access/access-services.ts";
import type { GrantServices } from "../grant/grant-services.ts";
import type { SessionServices } from "../session/session-services.ts";
import { createCatalogs } from "./catalogs.ts";
import { createNewToolPolicies } from "./new-tool-policy.ts";
import { createStoredCatalogs } from "./stored-catalogs.ts";
import { createToolPolicies } from "./tool-policies.ts";

export type CatalogServices = ReturnType<typeof createCatalogServices>;

export function createCatalogServices(
  { db, changes, background, clock }: Platform,
  {
    access,
    accounts,
    pool,
    reachability,
    openUnwatchedSession,
  }: AccessServices & GrantServices & SessionServices,
) {
  const catalogs = createCatalogs({
    db,
    access,
    accounts,
    // Stores more than whether the server responded: also why there is no list.
    openSession: openUnwatchedSession,
    reachability,
    stored: createStoredCatalogs({ db, appendEvent, changes }),
    background,
    clock,
  });
  pool.onListChanged((change) => catalogs.noteListChanged(change));
  const policies = { db, access, appendEvent, changes };
  return {
    catalogs,
    toolPolicies: createToolPolicies(policies),
    newToolPolicies: createNewToolPolicies(policies),
  };
}
