import { rowIdOf, type TestUser } from "./client.ts";
import type { TestGatehouse } from "./gatehouse.ts";

/** Creates a webhook endpoint and answers its global id. */
export async function createEndpoint(
  user: TestUser,
  url: string,
  types?: string[],
): Promise<string> {
  const { createWebhookEndpoint } = await user.query(
    `mutation ($input: CreateWebhookEndpointInput!) { createWebhookEndpoint(input: $input) { endpoint { id } } }`,
    { input: { workspaceId: user.workspaceId, url, types } },
  );
  return createWebhookEndpoint.endpoint.id;
}

/** The deliveries of an endpoint, newest first. */
export async function readDeliveries(user: TestUser, endpointId: string) {
  const { node } = await user.query(
    `query ($id: ID!) { node(id: $id) { ... on WebhookEndpoint {
      deliveries { nodes { id eventId type state attempts httpStatus error } } } } }`,
    { id: endpointId },
  );
  return node.deliveries.nodes as {
    id: string;
    eventId: string;
    type: string;
    state: string;
    attempts: number;
    httpStatus: number | null;
    error: string | null;
  }[];
}

/** Appends events as changes do, and notifies every process. */
export async function appendEvents(
  gatehouse: TestGatehouse,
  user: TestUser,
  ...types: string[]
): Promise<void> {
  const workspaceId = rowIdOf(user.workspaceId);
  for (const type of types)
    await gatehouse.db.$executeRaw`
      WITH counter AS (
        UPDATE "Workspace" SET "eventSeq" = "eventSeq" + 1 WHERE "id" = ${workspaceId}::uuid RETURNING "id", "eventSeq"
      )
      INSERT INTO "WorkspaceEvent" ("workspaceId", "seq", "id", "type", "payload")
      SELECT "id", "eventSeq", uuidv7(), ${type}::"WorkspaceEventType", '{}' FROM counter`;
  await gatehouse.db.$executeRaw`SELECT pg_notify('gatehouse', ${`workspace:${workspaceId}`})`;
}
