import type { Database, Transaction } from "@gatehouse/prisma";

/** Links for the operator that create an account where sign-up is closed, so that a new installation has a way in. */
export interface OwnerLinks {
  /** A link that creates the first account; null if an account exists. Earlier links stay valid: a cluster starts many processes. */
  createFirst(): Promise<string | null>;
  /** A link that creates the account with this address or, if the account exists, sets a new password for it. */
  createFor(email: string): Promise<{ url: string; purpose: "new-account" | "new-password" }>;
  /** Whether the token lets this address sign up. */
  admits(token: string, email: string): Promise<boolean>;
  /** Uses the token for the account that was just created. Of two uses at the same time, one succeeds. */
  use(token: string, email: string): Promise<boolean>;
}

export interface OwnerLinksDeps {
  db: Database;
  publicUrl: string;
  /** 256 random bits as base64url. */
  newToken(): string;
  hash(text: string): Uint8Array<ArrayBuffer>;
  newId(): string;
}

const lifetimeHours = 24;
/** Links to the first account that can be valid at the same time. */
const maxFirstLinks = 10;
const tokenForm = /^[\w-]{43}$/;

export function createOwnerLinks(deps: OwnerLinksDeps): OwnerLinks {
  const { db, publicUrl } = deps;

  async function insert(tx: Transaction, email: string | null): Promise<string> {
    const token = deps.newToken();
    await tx.$executeRaw`DELETE FROM "OwnerLink" WHERE "expiresAt" <= clock_timestamp()`;
    await tx.$executeRaw`
      INSERT INTO "OwnerLink" ("id", "tokenHash", "email", "createdAt", "expiresAt")
      VALUES (${deps.newId()}::uuid, ${deps.hash(token)}, ${email}, clock_timestamp(),
        clock_timestamp() + make_interval(hours => ${lifetimeHours}::int))`;
    // In the fragment, so that no server or log receives it.
    const address = email === null ? "" : `&email=${encodeURIComponent(email)}`;
    return `${publicUrl}/create-account#token=${token}${address}`;
  }

  /**
   * In the form in which the sign-in library stores the tokens of its own links (`storeIdentifier:
   * "hashed"`).
   */
  async function insertReset(tx: Transaction, userId: string): Promise<string> {
    const token = deps.newToken();
    const identifier = Buffer.from(deps.hash(`reset-password:${token}`)).toString("base64url");
    await tx.$executeRaw`
      INSERT INTO "Verification" ("id", "identifier", "value", "expiresAt", "createdAt", "updatedAt")
      VALUES (${deps.newId()}::uuid, ${identifier}, ${userId},
        clock_timestamp() + make_interval(hours => ${lifetimeHours}::int), clock_timestamp(), clock_timestamp())`;
    return `${publicUrl}/reset-password#${token}`;
  }

  return {
    createFirst: () =>
      db.$transaction(async (tx) => {
        if ((await tx.user.count({ take: 1 })) > 0) return null;
        const url = await insert(tx, null);
        await tx.$executeRaw`
          DELETE FROM "OwnerLink" WHERE "email" IS NULL AND "id" NOT IN (
            SELECT "id" FROM "OwnerLink" WHERE "email" IS NULL ORDER BY "createdAt" DESC LIMIT ${maxFirstLinks}::int)`;
        return url;
      }),

    createFor: (text) =>
      db.$transaction(async (tx) => {
        const email = text.toLowerCase();
        const user = await tx.user.findUnique({ where: { email }, select: { id: true } });
        if (user) return { url: await insertReset(tx, user.id), purpose: "new-password" };
        // A new link replaces the earlier one.
        await tx.ownerLink.deleteMany({ where: { email } });
        return { url: await insert(tx, email), purpose: "new-account" };
      }),

    async admits(token, email) {
      if (!tokenForm.test(token)) return false;
      const [found] = await db.$queryRaw<{ id: string }[]>`
        SELECT "id" FROM "OwnerLink"
        WHERE "tokenHash" = ${deps.hash(token)} AND "expiresAt" > clock_timestamp()
          AND CASE WHEN "email" IS NULL THEN NOT EXISTS (SELECT 1 FROM "User") ELSE "email" = lower(${email}) END`;
      return found !== undefined;
    },

    async use(token, email) {
      // All links for the first account end with this one, because the account now exists.
      const used = await db.$queryRaw<{ isMeant: boolean }[]>`
        DELETE FROM "OwnerLink" WHERE "email" IS NULL OR "tokenHash" = ${deps.hash(token)}
        RETURNING "tokenHash" = ${deps.hash(token)} AND "expiresAt" > clock_timestamp()
          AND coalesce("email", lower(${email})) = lower(${email}) AS "isMeant"`;
      return used.some(({ isMeant }) => isMeant);
    },
  };
}
