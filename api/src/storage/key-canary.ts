import type { Database } from "@gatehouse/prisma";
import type { SealedBox } from "#crypto/sealed-box.ts";

const name = "sealed-canary";
const plaintext = "gatehouse";
const context = { table: "Setting", column: "value", rowId: name };

/**
 * Detects a wrong encryption key at startup, before any request is served, by opening a value that
 * was sealed at the first start.
 * @throws UnknownKeyError, BrokenSealError. Nothing is changed in either case.
 */
export async function checkCanary(db: Database, box: SealedBox): Promise<void> {
  // Processes that start at the same time on a new database must agree, so all of them open the
  // value that was inserted first.
  const [setting] = await db.$queryRaw<{ value: Uint8Array }[]>`
    INSERT INTO "Setting" ("name", "value") VALUES (${name}, ${box.seal(plaintext, context)})
    ON CONFLICT ("name") DO UPDATE SET "value" = "Setting"."value" RETURNING "value"`;
  if (setting) box.open(setting.value, context);
}
