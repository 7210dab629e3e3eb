import type { Database, Transaction } from "@gatehouse/prisma";

/** A process of the cluster, heard of within the last ten seconds. */
export interface LiveProcess {
  id: string;
  publicUrl: string;
  /** Ids of the keys that it knows; the first one seals. */
  keyIds: string[];
  startedAt: Date;
}

export type Registration =
  /** `previousPublicUrl`: what the installation had before this start, if it was another one. */
  | { kind: "registered"; previousPublicUrl: string | null }
  /** A living process has another public URL; nothing was written. */
  | { kind: "differs"; publicUrl: string };

type Self = Pick<LiveProcess, "id" | "publicUrl" | "keyIds">;

/** Who of the cluster lives, by the database's clock. */
export interface ProcessStore {
  /** @param isAlone nobody else can be using this database, whatever rows a killed process left */
  register(self: Self, isAlone: boolean): Promise<Registration>;
  /** To be repeated every two seconds or so. */
  beat(self: Self): Promise<void>;
  remove(id: string): Promise<void>;
  listLive(): Promise<LiveProcess[]>;
}

/** Any number that nobody else takes in this database; 4,716,000,001 is the migrations'. */
const registerLock = 4_716_000_003;
const publicUrlSetting = "public-url";

export function createProcessStore(db: Database): ProcessStore {
  return {
    register: (self, isAlone) =>
      db.$transaction(async (tx) => {
        // One after the other: two that differ would otherwise not see each other.
        await tx.$executeRaw`SELECT pg_advisory_xact_lock(${registerLock}::bigint)`;
        await tx.$executeRaw`
          DELETE FROM "Process" WHERE ${isAlone} OR "lastSeenAt" < clock_timestamp() - interval '1 minute'`;
        const other = (await listLive(tx)).find(({ publicUrl }) => publicUrl !== self.publicUrl);
        if (other) return { kind: "differs", publicUrl: other.publicUrl };
        await writeSelf(tx, self);
        return { kind: "registered", previousPublicUrl: await keepPublicUrl(tx, self.publicUrl) };
      }),
    beat: (self) => writeSelf(db, self),
    async remove(id) {
      await db.process.deleteMany({ where: { id } });
    },
    listLive: () => listLive(db),
  };
}

/** Also anew: a process that was stopped for a while finds itself cleaned away. */
async function writeSelf(db: Database | Transaction, self: Self): Promise<void> {
  await db.$executeRaw`
    INSERT INTO "Process" ("id", "publicUrl", "keyIds", "startedAt", "lastSeenAt")
    VALUES (${self.id}::uuid, ${self.publicUrl}, ${self.keyIds}::text[], clock_timestamp(), clock_timestamp())
    ON CONFLICT ("id") DO UPDATE SET "keyIds" = excluded."keyIds", "lastSeenAt" = clock_timestamp()`;
}

async function listLive(db: Database | Transaction): Promise<LiveProcess[]> {
  return db.$queryRaw<LiveProcess[]>`
    SELECT "id", "publicUrl", coalesce("keyIds", '{}') AS "keyIds", "startedAt" FROM "Process"
    WHERE "lastSeenAt" > clock_timestamp() - interval '10 seconds' ORDER BY "startedAt", "id"`;
}

async function keepPublicUrl(tx: Transaction, publicUrl: string): Promise<string | null> {
  const value = new TextEncoder().encode(publicUrl);
  const kept = await tx.setting.findUnique({ where: { name: publicUrlSetting } });
  await tx.setting.upsert({
    where: { name: publicUrlSetting },
    create: { name: publicUrlSetting, value },
    update: { value },
  });
  const previous = kept && new TextDecoder().decode(kept.value);
  return previous === publicUrl ? null : previous;
}
