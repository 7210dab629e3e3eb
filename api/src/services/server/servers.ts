import type { Changes } from "#events/changes.ts";
import type { Database, McpServer, Prisma, Transaction } from "@gatehouse/prisma";
import type { NewEvent } from "#events/log.ts";
import type { FlowStore } from "#storage/flow-store.ts";
import type { GrantLifecycle } from "#storage/grant-lifecycle.ts";
import type { ServerSecrets } from "#storage/server-secrets.ts";
import type { Access, Caller } from "../access/access.ts";
import { listChangedSettings } from "./changed-settings.ts";
import { readDatabaseTime } from "../access/database-time.ts";
import {
  checkClient,
  isSameClient,
  mergeClient,
  noClient,
  readClient,
  sealClient,
} from "./client-settings.ts";
import type { Detector } from "../discovery/detection.ts";
import type { Detection } from "../discovery/detected-server.ts";
import { InputFaults, ServiceError } from "../access/service-error.ts";
import { checkHeaders, checkName } from "../access/input.ts";
import { lockServer, patient } from "./server-lock.ts";
import { type Quotas, requireServerQuota } from "../access/quotas.ts";
import type { Revocation } from "../grant/revocation.ts";
import {
  checkDestination,
  checkSettings,
  listGivenHeaders,
  mergeHeaders,
  sameHeaders,
  type ServerSettings,
} from "./server-settings.ts";
import { checkTarget, mergeAuthorizationServer, readScopes } from "./target-settings.ts";

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
  changes: Pick<Changes, "flow" | "server" | "workspace">;
  /** Called in the background when client credentials are set. */
  connectItself(server: McpServer, userId: string): void;
}

const defaultTimeoutMs = 60_000;

export function createServers(deps: ServersDeps): Servers {
  const { db, access, secrets, detector } = deps;

  return {
    async create(maybeCaller, input, signal) {
      const caller = await access.requireWorkspace(maybeCaller, input.workspaceId, "administer");
      const faults = new InputFaults();
      const name = checkName(faults, "name", input.name);
      detector.checkUrl(faults, "url", input.url);
      checkSettings(faults, input, input.authType === "OAUTH");
      const client = mergeClient(noClient, input);
      // The default in the schema is PERSONAL, which is not possible with client credentials.
      const credentialScope =
        client.grantType === "CLIENT_CREDENTIALS"
          ? "WORKSPACE"
          : (input.credentialScope ?? "PERSONAL");
      await checkClient(faults, input, client, { credentialScope });
      const oauthIssuer = input.oauthIssuer ?? null;
      const oauthAuthorizationServer = input.oauthAuthorizationServer ?? null;
      checkTarget(faults, input, oauthAuthorizationServer, { ...client, issuer: oauthIssuer });
      input.headers?.forEach((header, index) => {
        if (header.value == null)
          faults.add(`headers.${index}.value`, `Give ${header.name} a value.`);
      });
      faults.throwIfAny();

      const detection = await detector.detect(input.url, {
        signal,
        headers: listGivenHeaders(input.headers),
      });
      refuseForbiddenAddress(faults, detection);
      const authType =
        input.authType ??
        // If an admin specifies an authorization server, a 401 response without a challenge is
        // treated as OAuth.
        (oauthAuthorizationServer !== null && detection.authType === "HEADERS"
          ? "OAUTH"
          : detection.authType);
      if (input.authType == null && authType === "OAUTH") {
        checkHeaders(faults, input.headers ?? [], true);
        faults.throwIfAny();
      }
      const id = deps.newId();
      const settings: Prisma.McpServerUncheckedCreateInput = {
        id,
        workspaceId: input.workspaceId,
        createdById: caller.userId,
        name,
        url: input.url,
        description: input.description ?? null,
        authType,
        credentialScope,
        ...sealClient(secrets, id, noClient, client),
        oauthIssuer,
        oauthAuthorizationServer,
        oauthScopes: readScopes(input) ?? [],
        requestTimeoutMs: input.requestTimeoutMs ?? defaultTimeoutMs,
        ...sealHeaders(secrets, id, mergeHeaders({}, input.headers ?? [], faults)),
        ...reachabilityOf(detection, await readDatabaseTime(db)),
      };
      const server = await db.$transaction(async (tx) => {
        await requireServerQuota(tx, deps.quotas, input.workspaceId);
        const created = await tx.mcpServer.create({ data: settings });
        await deps.appendEvent(tx, { ...eventAbout(created, caller), type: "SERVER_CREATED" });
        return created;
      });
      deps.changes.workspace(server.workspaceId);
      if (server.oauthGrantType === "CLIENT_CREDENTIALS") deps.connectItself(server, caller.userId);
      return server;
    },

    async update(maybeCaller, input, signal) {
      const { caller, server } = await access.requireServer(maybeCaller, input.id, "administer");
      const faults = new InputFaults();
      const name = input.name == null ? server.name : checkName(faults, "name", input.name);
      const url = input.url ?? server.url;
      if (input.url != null) detector.checkUrl(faults, "url", input.url);
      checkSettings(faults, input, (input.authType ?? server.authType) === "OAUTH");
      const storedClient = readClient(secrets, server);
      const client = mergeClient(storedClient, input);
      const credentialScope = input.credentialScope ?? server.credentialScope;
      await checkClient(faults, input, client, { credentialScope });
      // An issuer belongs to its client: a different client id starts without one.
      const keptIssuer = client.clientId === server.oauthClientId ? server.oauthIssuer : null;
      const issuer = input.oauthIssuer === undefined ? keptIssuer : input.oauthIssuer;
      const authorizationServer = mergeAuthorizationServer(input, server);
      checkTarget(faults, input, authorizationServer, { ...client, issuer });
      const storedHeaders = secrets.openHeaders(server);
      const headers =
        input.headers === undefined
          ? storedHeaders
          : mergeHeaders(storedHeaders, input.headers ?? [], faults);
      checkDestination(faults, input, server, {
        hasStoredHeaders: Object.keys(storedHeaders).length > 0,
      });
      faults.throwIfAny();

      const detection =
        url === server.url
          ? null
          : await detector.detect(url, { signal, headers: listGivenHeaders(input.headers) });
      if (detection) refuseForbiddenAddress(faults, detection);
      const authType =
        input.authType ??
        // Without a response the type is kept (regressions D1, D13).
        (detection && detection.authType !== "UNKNOWN" ? detection.authType : server.authType);

      // Undefined leaves a column unchanged, so that two users who change different settings at the
      // same time both succeed.
      const data: Prisma.McpServerUncheckedUpdateInput = {
        name: input.name == null ? undefined : name,
        url: input.url ?? undefined,
        authType: authType === server.authType ? undefined : authType,
        description: input.description,
        enabled: input.enabled ?? undefined,
        credentialScope: input.credentialScope ?? undefined,
        requestTimeoutMs:
          input.requestTimeoutMs === null ? defaultTimeoutMs : input.requestTimeoutMs,
        ...sealClient(secrets, server.id, storedClient, client),
        oauthAuthorizationServer: input.oauthAuthorizationServer,
        oauthScopes: readScopes(input),
        ...(detection ? reachabilityOf(detection, await readDatabaseTime(db)) : {}),
      };
      data.oauthIssuer = issuer === server.oauthIssuer ? undefined : issuer;

      // Exactly the changes that make existing tokens invalid (regressions D5). A new name, timeout
      // or description does not.
      const endsGrants =
        url !== server.url ||
        authType !== server.authType ||
        credentialScope !== server.credentialScope ||
        !isSameClient(client, storedClient) ||
        issuer !== server.oauthIssuer ||
        authorizationServer !== server.oauthAuthorizationServer;
      const changesHeaders = !sameHeaders(headers, storedHeaders);
      if (changesHeaders) Object.assign(data, sealHeaders(secrets, server.id, headers));
      if (endsGrants || changesHeaders) data.configVersion = { increment: 1 };

      const outcome = await db.$transaction(async (tx) => {
        // The checks above used the settings as they were read, and detection may have taken
        // seconds.
        if ((await lockServer(tx, server.id)) !== server.configVersion)
          throw new ServiceError(
            "CONFLICT",
            "Someone else changed this server just now. Look again.",
          );
        const updated = await tx.mcpServer.update({ where: { id: server.id }, data });
        let ended = 0;
        let flows: string[] = [];
        if (endsGrants || changesHeaders)
          await tx.toolCatalog.deleteMany({ where: { serverId: server.id } });
        if (endsGrants) {
          flows = await deps.flows.failOpen(tx, server.id, "SETTINGS_CHANGED");
          const state =
            authType === "NONE" || authType === "HEADERS" ? "NOT_REQUIRED" : "DISCONNECTED";
          ({ ended } = await deps.grants.endAll(
            tx,
            server.id,
            "SETTINGS_CHANGED",
            caller.userId,
            state,
          ));
          await tx.oAuthClient.updateMany({
            where: { serverId: server.id, kind: "PRE_REGISTERED" },
            data: { invalidAt: new Date() },
          });
        }
        const fields = listChangedSettings(server, updated, data);
        if (fields.length > 0)
          await deps.appendEvent(tx, {
            ...eventAbout(updated, caller),
            type: "SERVER_UPDATED",
            payload: { fields },
          });
        return { updated, ended, flows };
      }, patient);
      deps.changes.server(server.id);
      deps.changes.flow(...outcome.flows);
      deps.changes.workspace(server.workspaceId);
      if (outcome.ended > 0) deps.revocation.kick();
      if (endsGrants && outcome.updated.oauthGrantType === "CLIENT_CREDENTIALS")
        deps.connectItself(outcome.updated, caller.userId);
      return outcome.updated;
    },
  };
}

function eventAbout(server: McpServer, caller: Caller) {
  const { id: serverId, workspaceId } = server;
  return { workspaceId, serverId, actorId: caller.userId, userId: null, payload: {} };
}

/** That a name resolves to a private address is only known once a connection is attempted. */
function refuseForbiddenAddress(faults: InputFaults, detection: Detection): void {
  if (!detection.forbidden) return;
  faults.add("url", detection.message);
  faults.throwIfAny();
}

function reachabilityOf(detection: Detection, checkedAt: Date) {
  return {
    reachability: detection.reachable ? ("REACHABLE" as const) : ("UNREACHABLE" as const),
    reachabilityCheckedAt: checkedAt,
    reachabilityMessage: detection.reachable ? null : detection.message,
  };
}

function sealHeaders(secrets: ServerSecrets, serverId: string, headers: Record<string, string>) {
  const headerNames = Object.keys(headers);
  return {
    headerNames,
    headers: headerNames.length === 0 ? null : secrets.sealHeaders(serverId, headers),
  };
}
