/**
 * Registers a process in its cluster before it listens, keeps its keys up to date, and removes it
 * at shutdown.
 */
import type { Database } from "@gatehouse/prisma";
import { createKeyReloader } from "#crypto/key-reloader.ts";
import type { LiveKeyring } from "#crypto/live-keyring.ts";
import { createSealedBox } from "#crypto/sealed-box.ts";
import type { Bus } from "#events/bus.ts";
import { topics } from "#events/topics.ts";
import { type Heartbeat, startHeartbeat } from "./heartbeat.ts";
import { StartupError } from "#config/startup-error.ts";
import { checkCanary } from "#storage/key-canary.ts";
import { recordSealing } from "#storage/key-uses.ts";
import { createProcessStore } from "#storage/processes.ts";

export interface ClusterDeps {
  db: Database;
  bus: Bus;
  processId: string;
  publicUrl: string;
  keyring: LiveKeyring;
  /** The text from which the keyring was created. */
  encryptionKeys: string;
  /** Reads the current text; absent if it cannot change while the process is running. */
  readEncryptionKeys?: (() => string) | undefined;
  /** Whether no other process can be using this database. */
  isAlone: boolean;
  log(level: "info" | "warn" | "error", message: string, details: object): void;
}

export interface Membership {
  leave(): Promise<void>;
}

const beatEveryMs = 2_000;

/** @throws StartupError if a running process has a different PUBLIC_URL */
export async function joinCluster(deps: ClusterDeps): Promise<Membership> {
  const { db, keyring, processId, publicUrl, log } = deps;
  const processes = createProcessStore(db);
  const describeSelf = () => ({ id: processId, publicUrl, keyIds: [...keyring.ids] });
  await recordSealing(db, keyring.sealing.id);
  const registration = await processes.register(describeSelf(), deps.isAlone);
  if (registration.kind === "differs") {
    throw new StartupError(
      `Another process of this database has PUBLIC_URL ${registration.publicUrl}, and this one ${publicUrl}. Use the same value for all processes, or stop the other process first (a killed process is forgotten after ten seconds).`,
    );
  }
  const { previousPublicUrl } = registration;
  if (previousPublicUrl !== null)
    log("warn", "PUBLIC_URL has changed: clients are registered again at the next consent", {
      previousPublicUrl,
      publicUrl,
    });
  log("info", "joined the cluster", { processId, keyIds: keyring.ids });

  const reloadKeys = createKeyReloader({
    keyring,
    initial: deps.encryptionKeys,
    read: deps.readEncryptionKeys ?? (() => deps.encryptionKeys),
    async admit(candidate) {
      // If the new keys could not open stored values, all values sealed from now on would be lost.
      await checkCanary(db, createSealedBox(candidate));
      await recordSealing(db, candidate.sealing.id);
    },
    onChanged: () => log("info", "the encryption keys have changed", { keyIds: keyring.ids }),
    onRefused: (err) =>
      log("error", "the changed encryption keys are not used, those before stay", { err }),
  });
  const presence: Heartbeat = await startHeartbeat({
    beat: () => processes.beat(describeSelf()),
    reloadKeys,
    watch: deps.bus.watch(topics.keys),
    everyMs: beatEveryMs,
    onError: (err) => log("warn", "the sign of life of this process failed", { err }),
  });
  return {
    async leave() {
      await presence.close();
      // If the database is unavailable, the row expires after ten seconds.
      await processes.remove(processId).catch(() => undefined);
    },
  };
}
