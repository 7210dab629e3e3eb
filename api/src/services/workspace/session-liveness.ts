import type { Database } from "@gatehouse/prisma";

/** The owner of a session or an API token. */
interface Credential {
  credentialId: string;
  apiToken?: object;
}

/**
 * Returns the users of the sessions and API tokens that are still valid, by the id of the
 * credential, in one statement. `isMember` is false for an API token whose owner has left its
 * workspace.
 */
export async function readLiveCredentials(
  db: Database,
  credentials: readonly Credential[],
): Promise<Map<string, { name: string; email: string; isMember: boolean }>> {
  const idsOf = (isToken: boolean) =>
    credentials
      .filter(({ apiToken }) => (apiToken !== undefined) === isToken)
      .map(({ credentialId }) => credentialId);
  const rows = await db.$queryRaw<{ id: string; name: string; email: string; isMember: boolean }[]>`
    SELECT s."id"::text AS "id", u."name", u."email", true AS "isMember" FROM "Session" s JOIN "User" u ON u."id" = s."userId"
      WHERE s."id" = ANY(${idsOf(false)}::uuid[]) AND s."expiresAt" > clock_timestamp()
    UNION ALL SELECT t."id"::text, u."name", u."email", m."userId" IS NOT NULL FROM "ApiToken" t JOIN "User" u ON u."id" = t."userId"
      LEFT JOIN "Membership" m ON m."userId" = t."userId" AND m."workspaceId" = t."workspaceId"
      WHERE t."id" = ANY(${idsOf(true)}::uuid[]) AND t."revokedAt" IS NULL
        AND (t."expiresAt" IS NULL OR t."expiresAt" > clock_timestamp())`;
  return new Map(rows.map(({ id, ...person }) => [id, person]));
}
