import type { Changes } from "#events/changes.ts";
import type { Database, McpServer, Transaction } from "@gatehouse/prisma";
import type { Quotas } from "#config/limits.ts";
import type { NewEvent } from "#events/log.ts";
import type { FlowStore } from "#storage/flow-store.ts";
import type { StateChange } from "#storage/grant-store.ts";
import type { GrantLifecycle } from "#storage/grant-lifecycle.ts";
import type { ServerSecrets } from "#storage/server-secrets.ts";
import type { Access, Caller } from "../access/access.ts";
import type { InputFaults } from "../access/service-error.ts";
import type { Detector } from "../discovery/detection.ts";
import type { Detection } from "../discovery/detected-server.ts";
import type { Revocation } from "../grant/revocation.ts";
import type { ServerSettings } from "./server-settings.ts";

export interface CreateServerInput extends ServerSettings {
  workspaceId: string;
  name: string;
  url: string;
}

export interface UpdateServerInput extends ServerSettings {
  id: string;
  name?: string | null | undefined;
  url?: string | null | undefined;
  enabled?: boolean | null | undefined;
}

export interface Servers {
  /**
   * @param signal aborts if the caller has disconnected: nothing is created or changed if the
   * server is still being contacted
   */
  create(caller: Caller | null, input: CreateServerInput, signal?: AbortSignal): Promise<McpServer>;
  update(caller: Caller | null, input: UpdateServerInput, signal?: AbortSignal): Promise<McpServer>;
  /** Trusts an issuer of the authorization server's origin for this server; null revokes it. Requires ADMIN. */
  trustIssuer(
    caller: Caller | null,
    input: { serverId: string; issuer: string | null },
  ): Promise<McpServer>;
}

export interface ServersDeps {
  db: Database;
  access: Access;
  quotas: Pick<Quotas, "serversPerWorkspace">;
  secrets: ServerSecrets;
  grants: GrantLifecycle;
  flows: FlowStore;
  detector: Detector;
  revocation: Revocation;
  newId(): string;
  appendEvent(tx: Transaction, event: NewEvent): Promise<void>;
  appendStateChange(tx: Transaction, change: StateChange): Promise<void>;
  changes: Pick<Changes, "flow" | "server" | "workspace">;
  /** Called when client credentials were set for a server. */
  onClientCredentials(server: McpServer, userId: string): void;
}

export const defaultTimeoutMs = 60_000;

export function eventAbout(server: McpServer, caller: Caller) {
  const { id: serverId, workspaceId } = server;
  return { workspaceId, serverId, actorId: caller.userId, userId: null, payload: {} };
}

/** That a name resolves to a private address is only known once a connection is attempted. */
export function refuseForbiddenAddress(faults: InputFaults, detection: Detection): void {
  if (!detection.forbidden) return;
  faults.add("url", detection.message);
  faults.throwIfAny();
}

export function reachabilityOf(detection: Detection, checkedAt: Date) {
  return {
    reachability: detection.reachable ? ("REACHABLE" as const) : ("UNREACHABLE" as const),
    reachabilityCheckedAt: checkedAt,
    reachabilityMessage: detection.reachable ? null : detection.message,
  };
}

export function sealHeaders(
  secrets: ServerSecrets,
  serverId: string,
  headers: Record<string, string>,
) {
  const headerNames = Object.keys(headers);
  return {
    headerNames,
    headers: headerNames.length === 0 ? null : secrets.sealHeaders(serverId, headers),
  };
}
