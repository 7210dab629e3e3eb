import type { McpServer, Prisma } from "@gatehouse/prisma";
import type { Caller } from "../access/access.ts";
import { readDatabaseTime } from "../access/database-time.ts";
import { checkHeaders, checkName } from "../access/input.ts";
import { requireServerQuota } from "../access/quotas.ts";
import { InputFaults } from "../access/service-error.ts";
import type { Detection } from "../discovery/detected-server.ts";
import { checkClient, mergeClient, noClient, sealClient } from "./client-settings.ts";
import { checkSettings, listGivenHeaders, mergeHeaders } from "./server-settings.ts";
import {
  type CreateServerInput,
  defaultTimeoutMs,
  eventAbout,
  reachabilityOf,
  refuseForbiddenAddress,
  sealHeaders,
  type ServersDeps,
} from "./servers.ts";
import { checkTarget, readScopes } from "./target-settings.ts";

/** See `Servers.create`. */
export async function createServer(
  deps: ServersDeps,
  maybeCaller: Caller | null,
  input: CreateServerInput,
  signal?: AbortSignal,
): Promise<McpServer> {
  const { workspaceId } = input;
  const caller = await deps.access.requireWorkspace(maybeCaller, workspaceId, "administer");
  const faults = new InputFaults();
  const checked = await checkInput(deps, faults, input);
  const detection = await deps.detector.detect(input.url, {
    signal,
    headers: listGivenHeaders(input.headers),
  });
  refuseForbiddenAddress(faults, detection);
  const authType = input.authType ?? chooseAuthType(input, detection);
  if (input.authType == null && authType === "OAUTH") {
    checkHeaders(faults, input.headers ?? [], true);
    faults.throwIfAny();
  }
  const data: Prisma.McpServerUncheckedCreateInput = {
    ...(await readColumns(deps, faults, input, checked, detection)),
    createdById: caller.userId,
    authType,
  };
  const server = await deps.db.$transaction(async (tx) => {
    await requireServerQuota(tx, deps.quotas, workspaceId);
    const created = await tx.mcpServer.create({ data });
    await deps.appendEvent(tx, { ...eventAbout(created, caller), type: "SERVER_CREATED" });
    return created;
  });
  deps.changes.workspace(server.workspaceId);
  if (server.oauthGrantType === "CLIENT_CREDENTIALS")
    deps.onClientCredentials(server, caller.userId);
  return server;
}

type CheckedInput = Awaited<ReturnType<typeof checkInput>>;

/** Checks everything that can be checked before the server is contacted. */
async function checkInput(
  { detector }: ServersDeps,
  faults: InputFaults,
  input: CreateServerInput,
) {
  const name = checkName(faults, "name", input.name);
  detector.checkUrl(faults, "url", input.url);
  checkSettings(faults, input, input.authType === "OAUTH");
  const client = mergeClient(noClient, input);
  // The default in the schema is PERSONAL, which is not possible with client credentials.
  const credentialScope =
    client.grantType === "CLIENT_CREDENTIALS" ? "WORKSPACE" : (input.credentialScope ?? "PERSONAL");
  await checkClient(faults, input, client, { credentialScope });
  const issuer = input.oauthIssuer ?? null;
  checkTarget(faults, input, input.oauthAuthorizationServer ?? null, { ...client, issuer });
  input.headers?.forEach((header, index) => {
    if (header.value == null)
      faults.add(`headers.${index}.value`, `Enter a value for ${header.name}.`);
  });
  faults.throwIfAny();
  return { name, client, credentialScope, issuer } as const;
}

function chooseAuthType(input: CreateServerInput, { authType }: Detection): McpServer["authType"] {
  // If an admin specifies an authorization server, a 401 response without a challenge is treated as OAuth.
  return input.oauthAuthorizationServer != null && authType === "HEADERS" ? "OAUTH" : authType;
}

async function readColumns(
  { db, secrets, newId }: ServersDeps,
  faults: InputFaults,
  input: CreateServerInput,
  { name, client, credentialScope, issuer }: CheckedInput,
  detection: Detection,
) {
  const id = newId();
  return {
    id,
    workspaceId: input.workspaceId,
    name,
    url: input.url,
    description: input.description ?? null,
    credentialScope,
    ...sealClient(secrets, id, noClient, client),
    headersExpireAt: input.headersExpireAt ?? null,
    oauthIssuer: issuer,
    oauthAuthorizationServer: input.oauthAuthorizationServer ?? null,
    oauthScopes: readScopes(input) ?? [],
    requestTimeoutMs: input.requestTimeoutMs ?? defaultTimeoutMs,
    ...sealHeaders(secrets, id, mergeHeaders({}, input.headers ?? [], faults)),
    ...reachabilityOf(detection, await readDatabaseTime(db)),
  };
}
