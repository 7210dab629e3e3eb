import { randomBytes } from "node:crypto";
import { type Database, openDatabase } from "@gatehouse/prisma";
import { v7 as uuidv7 } from "uuid";
import { makeApiToken, shownLength } from "#crypto/api-token.ts";
import { sha256 } from "#crypto/tokens.ts";

/** Somebody with an API token for one workspace. */
export interface Subscriber {
  token: string;
  userId: string;
  workspaceId: string;
}

/** As many connections as one person may hold open in a process. */
export const socketsPerPerson = 100;

/** New workspaces, each with a server of its own id and so many members; the tokens run out after the bench. Written past the API, which would hash passwords for minutes. */
export async function populate(
  databaseUrl: string,
  workspaces: number,
  membersEach: number,
): Promise<Subscriber[][]> {
  const db = openDatabase(databaseUrl, 2);
  try {
    return await write(db, workspaces, membersEach);
  } finally {
    await db.$disconnect();
  }
}

async function write(db: Database, workspaces: number, membersEach: number) {
  const expiresAt = new Date(Date.now() + 24 * 3_600_000);
  const made = Array.from({ length: workspaces }, () => {
    const workspaceId = uuidv7();
    const members = Array.from({ length: membersEach }, () => ({
      workspaceId,
      userId: uuidv7(),
      token: makeApiToken(),
    }));
    return { workspaceId, members };
  });
  const members = made.flatMap((workspace) => workspace.members);
  const random = randomBytes(4).toString("hex");
  await db.workspace.createMany({
    data: made.map(({ workspaceId: id }) => ({ id, slug: `bench-${id}`, name: "Bench" })),
  });
  await db.user.createMany({
    data: members.map(({ userId: id }, index) => ({
      id,
      name: `Member ${index}`,
      email: `${random}-${index}@example.com`,
    })),
  });
  await db.membership.createMany({
    data: members.map(({ workspaceId, userId }) => ({ workspaceId, userId, role: "MEMBER" })),
  });
  await db.mcpServer.createMany({
    data: made.map(({ workspaceId: id }) => ({
      id,
      workspaceId: id,
      name: "Bench",
      url: "http://127.0.0.1:1/mcp",
    })),
  });
  await db.apiToken.createMany({
    data: members.map(({ workspaceId, userId, token }) => ({
      workspaceId,
      userId,
      name: "bench",
      scope: "READ",
      expiresAt,
      prefix: token.slice(0, shownLength),
      hash: sha256(token),
    })),
  });
  return made.map((workspace) => workspace.members);
}
