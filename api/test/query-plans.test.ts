import pg from "pg";
import { expect, it } from "vitest";
import { startModernOnly } from "./counterparties/modern.ts";
import { createServer, executeTool } from "./support/client.ts";
import { disposable } from "./support/disposable.ts";
import { startGatehouse } from "./support/gatehouse.ts";
import { type PlanNode, type RecordedPlan, startPlanRecorder } from "./support/plan-recorder.ts";
import { NIL } from "uuid";

/** Rows of most tables, and of the one that is largest in practice. */
const many = 30_000;
const million = 1_000_000;
/** Rows that one step of a plan may read and reject. */
const mostRejected = 5_000;
const metricsToken = "metrics-".padEnd(40, "0");

/** By table: columns and their values for row `n`. Nearly all rows are of no interest to any regular task. */
const seeds: Record<string, string> = {
  Workspace: `("id", "slug", "name", "updatedAt", "eventSeq") SELECT md5('w' || n)::uuid, 's' || n, 'w', now(), 25`,
  User: `("id", "name", "email", "updatedAt") SELECT md5('u' || n)::uuid, 'u', n || '@example.com', now()`,
  Membership: `("id", "role", "workspaceId", "userId") SELECT uuidv7(), 'OWNER', md5('w' || n)::uuid, md5('u' || n)::uuid`,
  Session: `("id", "token", "expiresAt", "updatedAt", "userId") SELECT uuidv7(), 't' || n, now(), now(), md5('u' || n)::uuid`,
  ApiToken: `("id", "name", "scope", "prefix", "hash", "workspaceId", "userId")
    SELECT uuidv7(), 't', 'READ', 'p', decode(md5('t' || n), 'hex'), md5('w' || n)::uuid, md5('u' || n)::uuid`,
  Invitation: `("id", "role", "tokenHash", "expiresAt", "endsAt", "workspaceId")
    SELECT uuidv7(), 'MEMBER', decode(md5('i' || n), 'hex'), now(), now() - make_interval(mins => n), md5('w' || n)::uuid`,
  McpServer: `("id", "name", "url", "updatedAt", "workspaceId", "authType")
    SELECT md5('s' || n)::uuid, 's', 'http://127.0.0.1:9/mcp', now(), md5('w' || n)::uuid, 'OAUTH'`,
  OAuthClient: `("id", "kind", "issuer", "clientId", "tokenEndpointAuthMethod", "redirectUri", "serverId", "registrationAccessToken", "registrationClientUri")
    SELECT md5('c' || n)::uuid, 'DYNAMIC', 'http://127.0.0.1:9', 'c' || n, 'none', 'http://localhost/', md5('s' || n)::uuid, 'x', 'http://127.0.0.1:9/c'`,
  OAuthGrant: `("id", "ownerId", "state", "reason", "issuer", "accessToken", "accessTokenExpiresAt", "accessTokenLifetimeMs", "updatedAt", "serverId", "clientId", "connectedAt")
    SELECT uuidv7(), md5('w' || n)::uuid, (CASE WHEN n % 10 = 0 THEN 'REAUTH_REQUIRED' ELSE 'CONNECTED' END)::"GrantState",
      (CASE WHEN n % 10 = 0 THEN 'GRANT_INVALID' END)::"OAuthReason", 'http://127.0.0.1:9', 'x', now() + make_interval(mins => 60 + n), 3600000, now(),
      md5('s' || n)::uuid, md5('c' || n)::uuid, now()`,
  OAuthFlow: `("id", "mode", "status", "configVersion", "startedAt", "expiresAt", "userId", "ownerId", "workspaceId", "serverId", "clientId", "requestedScopes")
    SELECT uuidv7(), 'POPUP', 'SUCCEEDED', 1, now() - make_interval(mins => n), now(), md5('u' || n)::uuid, md5('w' || n)::uuid, md5('w' || n)::uuid,
      md5('s' || n)::uuid, md5('c' || n)::uuid, '{}'`,
  RevocationTask: `("id", "kind", "workspaceId", "serverId", "ownerId", "issuer", "clientId", "payload", "nextAttemptAt")
    SELECT uuidv7(), 'TOKENS', md5('w' || n)::uuid, md5('s' || n)::uuid, md5('w' || n)::uuid, 'http://127.0.0.1:9', 'c' || n, 'x', now() + make_interval(mins => 60 + n)`,
  Elicitation: `("id", "mode", "status", "question", "createdAt", "expiresAt", "userId", "workspaceId", "executionId")
    SELECT uuidv7(), 'FORM', 'ACCEPTED', 'x', now() - make_interval(secs => n), now() - make_interval(secs => n), md5('u' || n)::uuid, md5('w' || n)::uuid, md5('e' || n)::uuid`,
  IdempotencyKey: `("callerId", "keyHash", "requestHash", "executionId", "expiresAt")
    SELECT md5('u' || n)::uuid, decode(md5('k' || n), 'hex'), 'x', md5('e' || n)::uuid, now() + make_interval(secs => 600 + n)`,
  RateLimit: `("key", "fullAt") SELECT 'k' || n, now() + make_interval(secs => 600 + n)`,
  ToolCatalog: `("id", "ownerId", "tools", "notes", "fetchedAt", "serverId") SELECT uuidv7(), md5('w' || n)::uuid, '[]', '{}', now(), md5('s' || n)::uuid`,
  WorkspaceEvent: `("workspaceId", "seq", "id", "type", "occurredAt", "payload")
    SELECT md5('w' || n)::uuid, 25, uuidv7(), 'TOOL_EXECUTED', now(), '{}'`,
  WebhookEndpoint: `("id", "url", "types", "secret", "afterSeq", "workspaceId")
    SELECT md5('h' || n)::uuid, 'http://127.0.0.1:9/hook', '{}', 'x', 25, md5('w' || n)::uuid`,
  WebhookDelivery: `("id", "eventId", "type", "state", "occurredAt", "endpointId")
    SELECT uuidv7(), uuidv7(), 'TOOL_EXECUTED', 'DELIVERED', now(), md5('h' || n)::uuid`,
  ToolExecution: `("id", "toolName", "status", "startedAt", "finishedAt", "ownerId", "startedById", "workspaceId")
    SELECT uuidv7(), 't', 'SUCCEEDED', now() - make_interval(secs => n), now(), '${NIL}', '${NIL}', '${NIL}'`,
};

async function seed(databaseUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  // Rows need no parents here: what is tested are plans.
  await client.query("SET session_replication_role = replica");
  // Otherwise VACUUM finds rows whose commit is not written yet, and does not mark their pages as visible to index-only scans.
  await client.query("SET synchronous_commit = on");
  await client.query("SET maintenance_work_mem = '256MB'");
  for (const [table, values] of Object.entries(seeds)) {
    const rows = table === "ToolExecution" ? million : many;
    const { rows: indexes } = await client.query<{ name: string; definition: string }>(
      `SELECT indexname AS "name", indexdef AS "definition" FROM pg_indexes
       WHERE tablename = $1 AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = indexname)`,
      [table],
    );
    for (const { name } of indexes) await client.query(`DROP INDEX "${name}"`);
    await client.query(`INSERT INTO "${table}" ${values} FROM generate_series(1, ${rows}) n`);
    for (const { definition } of indexes) await client.query(definition);
    await client.query(`VACUUM (ANALYZE) "${table}"`);
  }
  await client.end();
}

function* walk(node: PlanNode): Generator<PlanNode> {
  yield node;
  for (const child of node.Plans ?? []) yield* walk(child);
}

/** What a statement reads without an index, in words. */
function findFaults({ statement, plan }: RecordedPlan): string[] {
  return [...walk(plan)].flatMap((node) => {
    const table = node["Relation Name"] ?? "";
    const rejected = (node["Rows Removed by Filter"] ?? 0) * (node["Actual Loops"] ?? 1);
    const isScan = node["Node Type"] === "Seq Scan" && table in seeds;
    if (!isScan && rejected <= mostRejected) return [];
    return [
      `${node["Node Type"]} of ${table} ${node["Index Name"] ?? ""} (${rejected} rejected): ${statement.replace(/\s+/g, " ").trim()}`,
    ];
  });
}

/** Parts of the statements of every regular task; what else is sent is checked just the same. */
const expected = {
  "erasing of contents": '"contentExpiresAt" = NULL',
  "idempotency keys": 'DELETE FROM "IdempotencyKey"',
  "rate limits": 'DELETE FROM "RateLimit"',
  elicitations: 'DELETE FROM "Elicitation"',
  attempts: 'DELETE FROM "OAuthFlow"',
  executions: 'DELETE FROM "ToolExecution"',
  invitations: 'DELETE FROM "Invitation"',
  deliveries: 'DELETE FROM "WebhookDelivery"',
  events: 'DELETE FROM "WorkspaceEvent"',
  "execution reaper": "'INTERRUPTED'",
  "webhook retries": 'ORDER BY e."nextAttemptAt"',
  "webhook leases": 'ORDER BY e."leaseUntil"',
  "webhook sweep": '"isDue"',
  "parked deliveries": "p.\"state\" = 'PARKED'",
  revocation: '"leaseOwner" AS "leaseId", "kind"',
  registrations: 'n."createdAt" > c."createdAt"',
  "deleted servers": '"deletedAt" <= now()',
  refreshes: 'PARTITION BY g."issuer"',
  "suspension probes": '"reason" = ',
  metrics: 'min(e."occurredAt")',
  log: '"eventEpoch"',
  roles: "jsonb_object_agg",
  credentials: 'FROM "Session" s JOIN "User"',
  "cancelled executions": '"cancelRequestedAt" IS NOT NULL',
  "rows of calls": "c.xmin::text",
};

it(
  "E13 no regular statement reads a whole table, or more rows than it needs",
  { timeout: 180_000 },
  async () => {
    await using gatehouse = await startGatehouse({
      env: { METRICS_TOKEN: metricsToken },
      refreshEveryMs: 500,
    });
    await using counterparty = disposable(await startModernOnly());
    const ada = await gatehouse.signUp("Ada");
    const serverId = await createServer(ada, counterparty.url, { authType: "NONE" });
    await gatehouse.stopProcess(gatehouse.address);
    await seed(gatehouse.databaseUrl);
    await using recorder = await startPlanRecorder(gatehouse.databaseUrl);
    const at = ada.at(await gatehouse.addProcess({}, recorder.url));
    await using events = at.subscribe(
      "subscription ($id: ID!) { workspaceEvents(workspaceId: $id) { type } }",
      { id: ada.workspaceId },
    );
    void events.next();
    const running = executeTool(at, serverId, "wait");
    await counterparty.gate.entered;
    await fetch(`${at.url}/metrics`, { headers: { authorization: `Bearer ${metricsToken}` } });

    const findMissing = () =>
      Object.entries(expected).flatMap(([task, part]) =>
        recorder.plans.some(({ statement }) => statement.includes(part)) ? [] : [task],
      );
    await expect.poll(findMissing, { timeout: 60_000, interval: 250 }).toEqual([]);
    expect([...new Set(recorder.plans.flatMap(findFaults))]).toEqual([]);
    counterparty.gate.open();
    await running;
  },
);
