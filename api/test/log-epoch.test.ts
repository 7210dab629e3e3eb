import { openDatabase } from "@gatehouse/prisma";
import { expect, it } from "vitest";
import { renewEpochs } from "#storage/log-epoch.ts";
import { createTestDatabase } from "./support/database.ts";

it("gives the logs a new epoch once the database is a restored one, and not before", async () => {
  await using database = await createTestDatabase();
  const db = openDatabase(database.url, 4);
  const { id } = await db.workspace.create({ data: { name: "W", slug: "w" } });
  const readEpoch = async () =>
    (await db.workspace.findUniqueOrThrow({ where: { id } })).eventEpoch;
  const first = await readEpoch();
  expect(await renewEpochs(db)).toBe(false);
  expect(await renewEpochs(db)).toBe(false);
  expect(await readEpoch()).toBe(first);
  // What a back-up of another database brings along.
  await db.setting.update({
    where: { name: "log-history" },
    data: { value: new TextEncoder().encode("7/1/5") },
  });
  const answers = await Promise.all([renewEpochs(db), renewEpochs(db)]);
  expect(answers.filter(Boolean)).toHaveLength(1);
  expect(await readEpoch()).not.toBe(first);
  await db.$disconnect();
});
