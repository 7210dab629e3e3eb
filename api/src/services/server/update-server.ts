import type { McpServer, Prisma, Transaction } from "@gatehouse/prisma";
import type { Caller } from "../access/access.ts";
import { readDatabaseTime } from "../access/database-time.ts";
import { checkName } from "../access/input.ts";
import { InputFaults, ServiceError } from "../access/service-error.ts";
import type { Detection } from "../discovery/detected-server.ts";
import { readStatus, resetKeys } from "../grant/key-changes.ts";
import { listChangedSettings } from "./changed-settings.ts";
import {
  checkClient,
  isSameClient,
  mergeClient,
  readClient,
  sealClient,
} from "./client-settings.ts";
import { lockServer, patient } from "./server-lock.ts";
import {
  checkDestination,
  checkSettings,
  listGivenHeaders,
  mergeHeaders,
  sameHeaders,
} from "./server-settings.ts";
import {
  defaultTimeoutMs,
  eventAbout,
  reachabilityOf,
  refuseForbiddenAddress,
  sealHeaders,
  type ServersDeps,
  type UpdateServerInput,
} from "./servers.ts";
import { checkTarget, mergeAuthorizationServer, readScopes } from "./target-settings.ts";

/** See `Servers.update`. */
export async function updateServer(
  deps: ServersDeps,
  maybeCaller: Caller | null,
  input: UpdateServerInput,
  signal?: AbortSignal,
): Promise<McpServer> {
  const { caller, server } = await deps.access.requireServer(maybeCaller, input.id, "administer");
  const faults = new InputFaults();
  const merged = await mergeSettings(deps, faults, server, input);
  const { url } = merged;
  const detection =
    url === server.url
      ? null
      : await deps.detector.detect(url, { signal, headers: listGivenHeaders(input.headers) });
  if (detection) refuseForbiddenAddress(faults, detection);
  const authType =
    input.authType ??
    // Without a response the type is kept (regressions D1, D13).
    (detection && detection.authType !== "UNKNOWN" ? detection.authType : server.authType);
  const change = {
    data: await readColumns(deps, server, input, merged, detection, authType),
    endsGrants: isInvalidating(server, merged, authType),
    changesHeaders: !sameHeaders(merged.headers, merged.storedHeaders),
  };
  const outcome = await deps.db.$transaction(
    (tx) => applyChange(deps, tx, server, change, caller),
    patient,
  );
  deps.changes.server(server.id);
  deps.changes.flow(...outcome.flows);
  deps.changes.workspace(server.workspaceId);
  if (outcome.ended > 0) deps.revocation.kick();
  if (change.endsGrants && outcome.updated.oauthGrantType === "CLIENT_CREDENTIALS")
    deps.onClientCredentials(outcome.updated, caller.userId);
  return outcome.updated;
}

type MergedSettings = Awaited<ReturnType<typeof mergeSettings>>;

interface Change {
  data: Prisma.McpServerUncheckedUpdateInput;
  endsGrants: boolean;
  changesHeaders: boolean;
}

/** Applies the input to the stored settings and checks the result, before the server is contacted. */
async function mergeSettings(
  { secrets, detector }: ServersDeps,
  faults: InputFaults,
  server: McpServer,
  input: UpdateServerInput,
) {
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
  const hasStoredHeaders = Object.keys(storedHeaders).length > 0;
  checkDestination(faults, input, server, { hasStoredHeaders });
  faults.throwIfAny();
  return {
    name,
    url,
    storedClient,
    client,
    credentialScope,
    issuer,
    authorizationServer,
    storedHeaders,
    headers,
  };
}

/**
 * Whether the change makes existing tokens invalid (regressions D5). A new name, timeout or
 * description does not.
 */
function isInvalidating(
  server: McpServer,
  merged: MergedSettings,
  authType: McpServer["authType"],
): boolean {
  return (
    merged.url !== server.url ||
    authType !== server.authType ||
    merged.credentialScope !== server.credentialScope ||
    !isSameClient(merged.client, merged.storedClient) ||
    merged.issuer !== server.oauthIssuer ||
    merged.authorizationServer !== server.oauthAuthorizationServer
  );
}

/**
 * The columns to write. Undefined leaves a column unchanged, so that two users who change different
 * settings at the same time both succeed.
 */
async function readColumns(
  { db, secrets }: ServersDeps,
  server: McpServer,
  input: UpdateServerInput,
  { name, storedClient, client, issuer, storedHeaders, headers }: MergedSettings,
  detection: Detection | null,
  authType: McpServer["authType"],
): Promise<Prisma.McpServerUncheckedUpdateInput> {
  return {
    name: input.name == null ? undefined : name,
    url: input.url ?? undefined,
    authType: authType === server.authType ? undefined : authType,
    description: input.description,
    enabled: input.enabled ?? undefined,
    credentialScope: input.credentialScope ?? undefined,
    requestTimeoutMs: input.requestTimeoutMs === null ? defaultTimeoutMs : input.requestTimeoutMs,
    ...sealClient(secrets, server.id, storedClient, client),
    headersExpireAt: input.headersExpireAt,
    oauthIssuer: issuer === server.oauthIssuer ? undefined : issuer,
    oauthAuthorizationServer: input.oauthAuthorizationServer,
    oauthScopes: readScopes(input),
    ...(sameHeaders(headers, storedHeaders) ? {} : sealHeaders(secrets, server.id, headers)),
    ...(detection ? reachabilityOf(detection, await readDatabaseTime(db)) : {}),
  };
}

async function applyChange(
  deps: ServersDeps,
  tx: Transaction,
  server: McpServer,
  { data, endsGrants, changesHeaders }: Change,
  caller: Caller,
) {
  // The settings were checked as they were read, and detection may have taken seconds.
  if ((await lockServer(tx, server.id)) !== server.configVersion)
    throw new ServiceError(
      "CONFLICT",
      "Another user changed this server. Reload it and try again.",
    );
  const isNewVersion = endsGrants || changesHeaders;
  const updated = await tx.mcpServer.update({
    where: { id: server.id },
    data: isNewVersion ? { ...data, configVersion: { increment: 1 } } : data,
  });
  // A new key is still one for the same server. Its list is shown until the server answers with another one (regressions I20).
  if (endsGrants) await tx.toolCatalog.deleteMany({ where: { serverId: server.id } });
  else if (changesHeaders)
    await tx.toolCatalog.updateMany({
      where: { serverId: server.id },
      data: { freshUntil: updated.updatedAt },
    });
  if (isNewVersion) await resetKeys(deps, tx, server, updated, caller.userId);
  const ending = endsGrants
    ? await endGrants(deps, tx, updated, caller.userId)
    : { ended: 0, flows: [] };
  const fields = listChangedSettings(server, updated, data);
  if (fields.length > 0)
    await deps.appendEvent(tx, {
      ...eventAbout(updated, caller),
      type: "SERVER_UPDATED",
      payload: { fields },
    });
  return { updated, ...ending };
}

/** Ends the grants, attempts and registered clients that belong to the earlier settings. */
async function endGrants(
  { flows, grants }: ServersDeps,
  tx: Transaction,
  server: McpServer,
  actorId: string,
): Promise<{ ended: number; flows: string[] }> {
  const { id: serverId, authType } = server;
  const failed = await flows.failOpen(tx, serverId, "SETTINGS_CHANGED");
  const status = authType === "NONE" || authType === "HEADERS" ? readStatus(server) : undefined;
  const { ended } = await grants.endAll(tx, serverId, "SETTINGS_CHANGED", actorId, status);
  await tx.oAuthClient.updateMany({
    where: { serverId, kind: "PRE_REGISTERED" },
    data: { invalidAt: new Date() },
  });
  return { ended, flows: failed };
}
