import { WorkspaceEventType } from "@gatehouse/prisma";
import pg from "pg";
import { rowIdOf, type TestUser } from "./client.ts";

/** Ids of rows that have connections, by type. */
export type Parents = Record<string, string>;

/** What else is in the payload of an event of some types. */
const payloads: Partial<Record<WorkspaceEventType, object>> = {
  TOOL_POLICY_CHANGED: { change: "DECIDED", kind: "ALLOW" },
  MEMBER_CHANGED: { change: "JOINED", role: "MEMBER" },
  API_TOKEN_CHANGED: { change: "CREATED" },
  INVITATION_CHANGED: { change: "CREATED" },
  WEBHOOK_ENDPOINT_CHANGED: { change: "UPDATED", fields: ["url"] },
  WORKSPACE_CHANGED: { fields: ["name"] },
};
const payload = {
  previousState: "CONNECTED",
  state: "REAUTH_REQUIRED",
  reason: "GRANT_INVALID",
  cause: "DUE",
  durationMs: 1,
  what: "TOKENS",
  outcome: "CONFIRMED",
  attempts: 1,
  status: "SUCCEEDED",
  toolName: "tool1",
  added: [],
  removed: [],
  changed: [],
  addedCount: 0,
  removedCount: 0,
  changedCount: 0,
};

const globalId = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString("base64url");

/** Fills every connection of a user's workspace with rows that refer to different users, servers and runs. */
export async function seedConnections(
  databaseUrl: string,
  owner: TestUser,
  rows: number,
): Promise<Parents> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const w = rowIdOf(owner.workspaceId);
  const { rows: members } = await client.query(
    `SELECT "userId" FROM "Membership" WHERE "workspaceId" = $1`,
    [w],
  );
  const me = members[0].userId as string;
  const insert = (table: string, columns: string, values: string) =>
    client.query(
      `INSERT INTO "${table}" (${columns}) SELECT ${values} FROM generate_series(1, ${rows}) n`,
    );
  const id = (kind: string) => `md5('${w}${kind}' || n)::uuid`;
  const firstId = async (kind: string) =>
    (await client.query(`SELECT md5('${w}${kind}' || 1)::uuid::text AS "id"`)).rows[0].id as string;

  await insert(
    "User",
    `"id", "name", "email", "updatedAt"`,
    `${id("user")}, 'U', '${w}' || n, now()`,
  );
  await insert(
    "Membership",
    `"id", "role", "workspaceId", "userId"`,
    `uuidv7(), 'MEMBER', '${w}', ${id("user")}`,
  );
  await insert(
    "Workspace",
    `"id", "slug", "name", "updatedAt"`,
    `${id("workspace")}, '${w}' || n, 'W', now()`,
  );
  await insert(
    "Membership",
    `"id", "role", "workspaceId", "userId"`,
    `uuidv7(), 'OWNER', ${id("workspace")}, '${me}'`,
  );
  await insert(
    "Invitation",
    `"id", "role", "tokenHash", "expiresAt", "endsAt", "workspaceId", "createdById", "acceptedById"`,
    `${id("invitation")}, 'MEMBER', decode(md5('${w}i' || n), 'hex'), now() + interval '1 day', now() + interval '1 day', '${w}', ${id("user")}, ${id("user")}`,
  );
  await insert(
    "ApiToken",
    `"id", "name", "scope", "prefix", "hash", "workspaceId", "userId"`,
    `${id("token")}, 'T', 'READ', 'p', decode(md5('${w}t' || n), 'hex'), '${w}', ${id("user")}`,
  );
  await insert(
    "McpServer",
    `"id", "name", "url", "updatedAt", "workspaceId", "authType", "createdById", "headerNames", "oauthScopes"`,
    `${id("server")}, 'S', 'http://127.0.0.1:9/mcp', now(), '${w}', 'OAUTH', ${id("user")}, '{}', '{}'`,
  );
  await insert(
    "OAuthGrant",
    `"id", "ownerId", "state", "reason", "updatedAt", "serverId", "connectedById", "requestedScopes", "grantedScopes"`,
    `uuidv7(), '${me}', 'REAUTH_REQUIRED', 'GRANT_INVALID', now(), ${id("server")}, ${id("user")}, '{}', '{}'`,
  );
  await insert(
    "OAuthFlow",
    `"id", "mode", "status", "configVersion", "expiresAt", "userId", "ownerId", "workspaceId", "serverId", "requestedScopes"`,
    `uuidv7(), 'POPUP', 'PENDING', 1, now() + interval '1 hour', '${me}', '${me}', '${w}', ${id("server")}, '{}'`,
  );
  const offers = (item: string) =>
    `(SELECT json_agg(${item}) FROM generate_series(1, CASE WHEN n = 1 THEN ${rows} ELSE 1 END) i)`;
  const named = `'name', 'tool' || i, 'title', null, 'description', null`;
  await insert(
    "ToolCatalog",
    `"id", "ownerId", "notes", "fetchedAt", "freshUntil", "serverId", "tools", "resources", "resourceTemplates", "prompts"`,
    `uuidv7(), '${me}', '{}', now(), now() + interval '1 hour', ${id("server")},
      ${offers(`json_build_object(${named}, 'inputSchema', json_build_object('type', 'object'), 'outputSchema', null, 'annotations', null)`)},
      ${offers(`json_build_object(${named}, 'uri', 'file:///' || i, 'mimeType', null, 'size', null)`)},
      ${offers(`json_build_object(${named}, 'uriTemplate', 'file:///' || i, 'mimeType', null)`)},
      ${offers(`json_build_object(${named}, 'arguments', json_build_array())`)}`,
  );
  await client.query(
    `INSERT INTO "ToolPolicy" ("id", "toolName", "kind", "approvedAt", "approvedById", "updatedAt", "serverId")
     SELECT uuidv7(), 'tool' || n, 'ALLOW', now(), ${id("user")}, now(), md5('${w}server' || 1)::uuid FROM generate_series(1, ${rows}) n`,
  );
  await insert(
    "ToolExecution",
    `"id", "toolName", "status", "ownerId", "startedById", "workspaceId", "serverId", "contentExpiresAt"`,
    `${id("execution")}, 'T', 'WAITING_FOR_INPUT', ${id("user")}, '${me}', '${w}', ${id("server")}, now() + interval '1 hour'`,
  );
  await insert(
    "Elicitation",
    `"id", "mode", "question", "expiresAt", "userId", "workspaceId", "executionId", "serverId"`,
    `${id("elicitation")}, 'FORM', 'x', now() + interval '1 hour', '${me}', '${w}', ${id("execution")}, ${id("server")}`,
  );
  const types = Object.values(WorkspaceEventType);
  const ofTypes = JSON.stringify(types.map((type) => ({ ...payload, ...payloads[type] })));
  // By turns of each type, so that every page has all of them.
  await client.query(
    `INSERT INTO "WorkspaceEvent" ("workspaceId", "seq", "id", "type", "actorId", "serverId", "userId", "payload")
     SELECT '${w}', w."eventSeq" + n, uuidv7(), ($1::text[])[1 + n % ${types.length}]::"WorkspaceEventType", ${id("user")}, ${id("server")}, ${id("user")},
       ($2::jsonb -> (n % ${types.length})) || jsonb_build_object('userId', ${id("user")}, 'executionId', ${id("execution")},
         'elicitationId', ${id("elicitation")}, 'apiTokenId', ${id("token")},
         'invitationId', ${id("invitation")}, 'webhookEndpointId', ${id("endpoint")})
     FROM "Workspace" w, generate_series(1, ${rows}) n WHERE w."id" = '${w}'`,
    [types, ofTypes],
  );
  await client.query(
    `UPDATE "Workspace" SET "eventSeq" = "eventSeq" + ${rows} WHERE "id" = '${w}'`,
  );
  await insert(
    "WebhookEndpoint",
    `"id", "url", "types", "secret", "afterSeq", "workspaceId"`,
    `${id("endpoint")}, 'http://127.0.0.1:9/hook', '{}', 'x', 1000000, '${w}'`,
  );
  await client.query(
    `INSERT INTO "WebhookDelivery" ("id", "eventId", "type", "state", "occurredAt", "endpointId")
     SELECT uuidv7(), uuidv7(), 'TOOL_EXECUTED', 'DELIVERED', now(), md5('${w}endpoint' || 1)::uuid FROM generate_series(1, ${rows}) n`,
  );
  const parents = {
    Viewer: owner.workspaceId,
    Workspace: owner.workspaceId,
    McpServer: globalId("McpServer", await firstId("server")),
    WebhookEndpoint: globalId("WebhookEndpoint", await firstId("endpoint")),
  };
  await client.end();
  return parents;
}
