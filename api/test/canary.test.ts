import { openDatabase } from "@gatehouse/prisma";
import { expect, it } from "vitest";
import { generateKey, parseKeyring } from "#crypto/keyring.ts";
import { createSealedBox } from "#crypto/sealed-box.ts";
import { checkCanary } from "#storage/key-canary.ts";
import { createTestDatabase } from "./support/database.ts";

it("processes that start at once on a new database agree on one canary, which tells another key", async () => {
  await using database = await createTestDatabase();
  const box = createSealedBox(parseKeyring(generateKey("k1")));
  const processes = Array.from({ length: 12 }, () => openDatabase(database.url, 1));
  // Connected first, so that the checks meet.
  await Promise.all(processes.map((db) => db.$queryRaw`SELECT 1`));
  await Promise.all(processes.map((db) => checkCanary(db, box)));
  const [db] = processes;
  if (!db) throw new Error("there are twelve");
  expect(await db.setting.count({ where: { name: "sealed-canary" } })).toBe(1);
  const other = createSealedBox(parseKeyring(generateKey("k2")));
  await expect(checkCanary(db, other)).rejects.toThrow(/k1/);
  await Promise.all(processes.map((each) => each.$disconnect()));
});
