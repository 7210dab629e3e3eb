import type { Database, Transaction } from "@gatehouse/prisma";

/** A process of the cluster that has sent a heartbeat within the last ten seconds. */
export interface LiveProcess {
  id: string;
  publicUrl: string;
  /** The ids of the keys that it has. The first one seals. */
  keyIds: string[];
  startedAt: Date;
}

export type Registration =
  /**
   * `previousPublicUrl`: the public URL of the installation before this start, if it was a
   * different one.
   */
  | { kind: "registered"; previousPublicUrl: string | null }
  /** A running process has a different public URL. Nothing was written. */
  | { kind: "differs"; publicUrl: string };

type Self = Pick<LiveProcess, "id" | "publicUrl" | "keyIds">;

/** The running processes of the cluster, by the database's clock. */
export interface ProcessStore {
  /**
   * @param isAlone no other process can be using this database, whatever rows a killed process has
   * left
   */
  register(self: Self, isAlone: boolean): Promise<Registration>;
  /** Sends a heartbeat. Call it about every two seconds. */
  beat(self: Self): Promise<void>;
  remove(id: string): Promise<void>;
  listLive(): Promise<LiveProcess[]>;
}

/**
 * A number that nothing else uses as an advisory lock in this database. Migrations use
 * 4,716,000,001.
 */
const registerLock = 4_716_000_003;
const publicUrlSetting = "public-url";

export function createProcessStore(db: Database): ProcessStore {
  return {
    register: (self, isAlone) =>
      db.$transaction(async (tx) => {
        // Registrations are serialized; otherwise two processes with different URLs would not see
        // each other.
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

/**
 * Inserts the row if it is missing: the row of a process that was suspended for a while has been
 * deleted.
 */
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
