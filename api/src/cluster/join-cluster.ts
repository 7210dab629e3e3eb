/** A process among those of its cluster: makes itself known before it listens, keeps its keys up to date, and takes its leave. */
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
  /** The list that the keyring was made from. */
  encryptionKeys: string;
  /** The list as it stands now; without it, it cannot change while we run. */
  readEncryptionKeys?: (() => string) | undefined;
  /** Nobody else can be using this database. */
  isAlone: boolean;
  log(level: "info" | "warn" | "error", message: string, details: object): void;
}

export interface Membership {
  leave(): Promise<void>;
}

const beatEveryMs = 2_000;

/** Throws `StartupError` when a living process has another PUBLIC_URL. */
export async function joinCluster(deps: ClusterDeps): Promise<Membership> {
  const { db, keyring, processId, publicUrl, log } = deps;
  const processes = createProcessStore(db);
  const describeSelf = () => ({ id: processId, publicUrl, keyIds: [...keyring.ids] });
  await recordSealing(db, keyring.sealing.id);
  const registration = await processes.register(describeSelf(), deps.isAlone);
  if (registration.kind === "differs") {
    throw new StartupError(
      `Another process of this database has PUBLIC_URL ${registration.publicUrl}, and this one ${publicUrl}: give all the same, or end that one first (one that was killed is forgotten after ten seconds).`,
    );
  }
  const { previousPublicUrl } = registration;
  if (previousPublicUrl !== null)
    log("warn", "PUBLIC_URL has changed: client registrations are renewed at the next consent", {
      previousPublicUrl,
      publicUrl,
    });
  log("info", "joined the cluster", { processId, keyIds: keyring.ids });

  const reloadKeys = createKeyReloader({
    keyring,
    initial: deps.encryptionKeys,
    read: deps.readEncryptionKeys ?? (() => deps.encryptionKeys),
    async admit(candidate) {
      // Keys that do not open what is stored would lose whatever is sealed with them from now on.
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
      // With the database away, it is forgotten after ten seconds.
      await processes.remove(processId).catch(() => undefined);
    },
  };
}
