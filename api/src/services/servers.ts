import type { Database, McpServer, Prisma, Transaction } from "@gatehouse/prisma";
import type { Grant } from "../oauth/ports.ts";
import type { FlowStore } from "../storage/flow-store.ts";
import type { GrantLifecycle } from "../storage/grant-lifecycle.ts";
import type { ServerSecrets } from "../storage/server-secrets.ts";
import type { Access, Caller } from "./access.ts";
import type { Detection, Detector } from "./detection.ts";
import { InputFaults, notFound, ServiceError } from "./errors.ts";
import { checkHeaders, checkName } from "./input.ts";
import type { Revocation } from "./revocation.ts";
import {
  checkDestination,
  checkSettings,
  mergeHeaders,
  sameHeaders,
  type ServerSettings,
} from "./server-settings.ts";

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
  create(caller: Caller | null, input: CreateServerInput): Promise<McpServer>;
  update(caller: Caller | null, input: UpdateServerInput): Promise<McpServer>;
  delete(caller: Caller | null, id: string): Promise<void>;
}

export interface ServersDeps {
  db: Database;
  access: Access;
  secrets: ServerSecrets;
  grants: GrantLifecycle;
  flows: FlowStore;
  detector: Detector;
  revocation: Revocation;
  newId(): string;
  /** After a commit that changed what subscribers see. */
  publishWorkspace(workspaceId: string): void;
  publishFlows(flowIds: readonly string[]): void;
}

const defaultTimeoutMs = 60_000;

export function createServers(deps: ServersDeps): Servers {
  const { db, access, secrets, detector } = deps;

  return {
    async create(maybeCaller, input) {
      const caller = await access.requireWorkspace(maybeCaller, input.workspaceId, "administer");
      const faults = new InputFaults();
      const name = checkName(faults, "name", input.name);
      detector.checkUrl(faults, "url", input.url);
      checkSettings(faults, input, input.authType === "OAUTH");
      if (input.oauthClientSecret != null && input.oauthClientId == null)
        faults.add("oauthClientSecret", "A client secret needs its client id.");
      input.headers?.forEach((header, index) => {
        if (header.value == null)
          faults.add(`headers.${index}.value`, `Give ${header.name} a value.`);
      });
      faults.throwIfAny();

      const detection = await detector.detect(input.url);
      refuseForbiddenAddress(faults, detection);
      if (input.authType == null && detection.authType === "OAUTH") {
        checkHeaders(faults, input.headers ?? [], true);
        faults.throwIfAny();
      }
      const id = deps.newId();
      const server = await db.mcpServer.create({
        data: {
          id,
          workspaceId: input.workspaceId,
          createdById: caller.userId,
          name,
          url: input.url,
          description: input.description ?? null,
          authType: input.authType ?? detection.authType,
          credentialScope: input.credentialScope ?? "PERSONAL",
          oauthClientId: input.oauthClientId ?? null,
          oauthClientSecret:
            input.oauthClientSecret == null
              ? null
              : secrets.sealClientSecret(id, input.oauthClientSecret),
          oauthIssuer: input.oauthIssuer ?? null,
          requestTimeoutMs: input.requestTimeoutMs ?? defaultTimeoutMs,
          ...sealHeaders(secrets, id, mergeHeaders({}, input.headers ?? [], faults)),
          ...reachabilityOf(detection),
        },
      });
      return server;
    },

    async update(maybeCaller, input) {
      const { caller, server } = await access.requireServer(maybeCaller, input.id, "administer");
      const faults = new InputFaults();
      const name = input.name == null ? server.name : checkName(faults, "name", input.name);
      const url = input.url ?? server.url;
      if (input.url != null) detector.checkUrl(faults, "url", input.url);
      checkSettings(faults, input, (input.authType ?? server.authType) === "OAUTH");
      const clientId =
        input.oauthClientId === undefined ? server.oauthClientId : input.oauthClientId;
      if (input.oauthClientSecret != null && clientId === null)
        faults.add("oauthClientSecret", "A client secret needs its client id.");
      const storedHeaders = secrets.openHeaders(server);
      const headers =
        input.headers === undefined
          ? storedHeaders
          : mergeHeaders(storedHeaders, input.headers ?? [], faults);
      checkDestination(faults, input, server, {
        hasStoredHeaders: Object.keys(storedHeaders).length > 0,
      });
      faults.throwIfAny();

      const detection = url === server.url ? null : await detector.detect(url);
      if (detection) refuseForbiddenAddress(faults, detection);
      const authType =
        input.authType ??
        // No answer keeps the type (regressions D1, D13).
        (detection && detection.authType !== "UNKNOWN" ? detection.authType : server.authType);

      // Undefined leaves a column alone, so that two people who change different settings at once both succeed.
      const data: Prisma.McpServerUncheckedUpdateInput = {
        name: input.name == null ? undefined : name,
        url: input.url ?? undefined,
        authType: authType === server.authType ? undefined : authType,
        description: input.description,
        enabled: input.enabled ?? undefined,
        credentialScope: input.credentialScope ?? undefined,
        requestTimeoutMs:
          input.requestTimeoutMs === null ? defaultTimeoutMs : input.requestTimeoutMs,
        oauthClientId: input.oauthClientId,
        ...(detection ? reachabilityOf(detection) : {}),
      };
      const clientSecret = secrets.openClientSecret(server);
      // A secret, and an issuer, belong to their client: another client id begins without.
      const changesClient = clientId !== server.oauthClientId;
      const keptSecret = changesClient ? null : clientSecret;
      const newClientSecret =
        input.oauthClientSecret === undefined ? keptSecret : input.oauthClientSecret;
      if (newClientSecret !== clientSecret)
        data.oauthClientSecret =
          newClientSecret === null ? null : secrets.sealClientSecret(server.id, newClientSecret);
      const keptIssuer = changesClient ? null : server.oauthIssuer;
      const issuer = input.oauthIssuer === undefined ? keptIssuer : input.oauthIssuer;
      data.oauthIssuer = issuer === server.oauthIssuer ? undefined : issuer;

      // Exactly what makes old tokens wrong (regressions D5): a new name, timeout or description does not.
      const endsGrants =
        url !== server.url ||
        authType !== server.authType ||
        (input.credentialScope ?? server.credentialScope) !== server.credentialScope ||
        changesClient ||
        newClientSecret !== clientSecret ||
        issuer !== server.oauthIssuer;
      const changesHeaders = !sameHeaders(headers, storedHeaders);
      if (changesHeaders) Object.assign(data, sealHeaders(secrets, server.id, headers));
      if (endsGrants || changesHeaders) data.configVersion = { increment: 1 };

      const outcome = await db.$transaction(async (tx) => {
        // Everything above was decided on the settings as they were read, and detection may have taken seconds.
        if ((await lockServer(tx, server.id)) !== server.configVersion)
          throw new ServiceError(
            "CONFLICT",
            "Someone else changed this server just now. Look again.",
          );
        const updated = await tx.mcpServer.update({ where: { id: server.id }, data });
        let ended: Grant[] = [];
        let flows: string[] = [];
        if (endsGrants || changesHeaders)
          await tx.toolCatalog.deleteMany({ where: { serverId: server.id } });
        if (endsGrants) {
          flows = await deps.flows.failOpen(tx, server.id, "SETTINGS_CHANGED");
          const state =
            authType === "NONE" || authType === "HEADERS" ? "NOT_REQUIRED" : "DISCONNECTED";
          ended = await deps.grants.endAll(tx, server.id, "SETTINGS_CHANGED", caller.userId, state);
          await tx.oAuthClient.updateMany({
            where: { serverId: server.id, kind: "PRE_REGISTERED" },
            data: { invalidAt: new Date() },
          });
        }
        return { updated, ended, flows };
      });
      deps.publishFlows(outcome.flows);
      if (outcome.ended.length > 0) deps.publishWorkspace(server.workspaceId);
      deps.revocation.revokeLater(outcome.ended);
      return outcome.updated;
    },

    async delete(maybeCaller, id) {
      const { caller, server } = await access.requireServer(maybeCaller, id, "administer");
      const outcome = await db.$transaction(async (tx) => {
        if ((await lockServer(tx, id)) === null) throw notFound("server");
        const flows = await deps.flows.failOpen(tx, id, "SERVER_GONE");
        // The log tells of every account that is gone with it.
        const grants = await deps.grants.endAll(tx, id, "DISCONNECTED_BY_USER", caller.userId);
        await tx.mcpServer.delete({ where: { id } });
        return { flows, grants };
      });
      deps.publishFlows(outcome.flows);
      deps.publishWorkspace(server.workspaceId);
      deps.revocation.revokeLater(outcome.grants);
    },
  };
}

/**
 * Puts consents at a server, changes of its settings and its deletion in an order: all of them lock its row first, so that none
 * waits for another that waits for it.
 * @returns its settings' version; null when it is gone
 */
async function lockServer(tx: Transaction, id: string): Promise<number | null> {
  const [row] = await tx.$queryRaw<{ configVersion: number }[]>`
    SELECT "configVersion" FROM "McpServer" WHERE "id" = ${id}::uuid FOR UPDATE`;
  return row?.configVersion ?? null;
}

/** A name that resolves to a private address shows itself only when it is tried. */
function refuseForbiddenAddress(faults: InputFaults, detection: Detection): void {
  if (!detection.forbidden) return;
  faults.add("url", detection.message);
  faults.throwIfAny();
}

function reachabilityOf(detection: Detection) {
  return {
    reachability: detection.reachable ? ("REACHABLE" as const) : ("UNREACHABLE" as const),
    reachabilityCheckedAt: new Date(),
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
