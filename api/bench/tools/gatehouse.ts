import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { openDatabase } from "@gatehouse/prisma";
import { applyMigrations } from "@gatehouse/prisma/migrate";
import { generateKey } from "#crypto/keyring.ts";
import { encodeGlobalId } from "#graphql/global-id.ts";
import {
  connect,
  createServer,
  rowIdOf,
  signUp,
  type TestUser,
} from "../../test/support/client.ts";
import { findFreePort } from "../../test/support/free-port.ts";
import { type Child, startChild } from "../child.ts";
import { executeTool, expectedInAnswer, toolArguments } from "./document.ts";
import type { McpTarget, Operation, ServerAnswers, ServerRequest } from "./messages.ts";

/** A process of Gatehouse with an account connected to the MCP server, ready to be called. */
export interface Gatehouse {
  child: Child<ServerRequest, ServerAnswers>;
  /** Calls the tool as the connected account, with an API token. */
  operation: Operation;
  /** Adds so many servers that ask for no token, each its own to Gatehouse, and answers a call of each. */
  addOpenServers(count: number): Promise<Operation[]>;
  /** Adds so many that nobody calls. */
  addIdleServers(count: number): Promise<void>;
}

export interface GatehouseOptions {
  /** Empty; it is migrated. */
  databaseUrl: string;
  target: McpTarget;
  /** For Node. */
  execArgv: string[];
}

/** As the web app's and an integrator's calls would come, after sign-up, consent and the making of a token through the API. */
export async function startGatehouse(
  resources: AsyncDisposableStack,
  { databaseUrl, target, execArgv }: GatehouseOptions,
): Promise<Gatehouse> {
  await applyMigrations(databaseUrl);
  const child = resources.use(
    startChild<ServerRequest, ServerAnswers>(
      join(import.meta.dirname, "gatehouse-server.ts"),
      execArgv,
    ),
  );
  const gatehouse = {
    databaseUrl,
    secrets: {
      encryptionKeys: generateKey("bench"),
      authSecret: randomBytes(32).toString("base64"),
    },
    env: { PORT: String(await findFreePort()), SANDBOX: "off", LOG_LEVEL: "error" },
  };
  const { url } = await child.ask({ kind: "start", gatehouse, target });
  const user = await signUp(url, "bench");
  const serverId = await createServer(user, target.url, { authType: "OAUTH" });
  await connect(user, serverId);
  const { createApiToken } = await user.query(
    `mutation ($id: ID!) {
      createApiToken(input: { workspaceId: $id, name: "bench", scope: EXECUTE }) { secret }
    }`,
    { id: user.workspaceId },
  );
  const describeCall = (id: string) => describeOperation(url, id, createApiToken.secret);
  const add = (count: number, addressOf: string) =>
    addServers(databaseUrl, user, count, addressOf).then((ids) => ids.map(describeCall));
  return {
    child,
    operation: describeCall(serverId),
    addOpenServers: (count) => add(count, target.openUrl),
    addIdleServers: async (count) => void (await add(count, "https://mcp.example.com/mcp")),
  };
}

export function describeOperation(url: string, serverId: string, token: string): Operation {
  const input = { serverId, toolName: "add", arguments: toolArguments };
  return {
    url: `${url}/graphql`,
    headers: {
      "content-type": "application/json",
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query: executeTool, variables: { input } }),
    expected: expectedInAnswer,
  };
}

/** Past the API, which would ask each server what it is. */
async function addServers(
  databaseUrl: string,
  { workspaceId }: TestUser,
  count: number,
  url: string,
): Promise<string[]> {
  const db = openDatabase(databaseUrl, 2);
  try {
    const rows = await db.$queryRaw<{ id: string }[]>`
      INSERT INTO "McpServer" ("id", "name", "url", "authType", "workspaceId", "updatedAt")
      SELECT uuidv7(), 'Server ' || n, ${url} || '?n=' || n, 'NONE', ${rowIdOf(workspaceId)}::uuid, now()
      FROM generate_series(1, ${count}::int) n RETURNING "id"`;
    return rows.map(({ id }) => encodeGlobalId("McpServer", id));
  } finally {
    await db.$disconnect();
  }
}
