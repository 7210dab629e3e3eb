import type { Database } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";

const name = "sealed-canary";
const plaintext = "gatehouse";
const context = { table: "Setting", column: "value", rowId: name };

/**
 * Tells a wrong key at start, before anything is served: a value sealed at the first start must open.
 * @throws UnknownKeyError, BrokenSealError; nothing is changed.
 */
export async function checkCanary(db: Database, box: SealedBox): Promise<void> {
  // Processes that start at once on a new database must agree: what is there first is what all open.
  const [setting] = await db.$queryRaw<{ value: Uint8Array }[]>`
    INSERT INTO "Setting" ("name", "value") VALUES (${name}, ${box.seal(plaintext, context)})
    ON CONFLICT ("name") DO UPDATE SET "value" = "Setting"."value" RETURNING "value"`;
  if (setting) box.open(setting.value, context);
}
