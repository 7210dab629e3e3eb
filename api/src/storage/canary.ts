import type { Database } from "@gatehouse/prisma";
import type { SealedBox } from "../crypto/sealed-box.ts";

const name = "sealed-canary";
const plaintext = "gatehouse";
const context = { table: "Setting", column: "value", rowId: name };

/**
 * Tells a wrong key at start, before anything is served: a value sealed at the first start must open.
 * @throws UnknownKeyError, BrokenSealError; nothing is changed.
 */
export async function checkCanary(db: Database, box: SealedBox): Promise<void> {
  const setting = await db.setting.upsert({
    where: { name },
    create: { name, value: box.seal(plaintext, context) },
    update: {},
  });
  box.open(setting.value, context);
}
