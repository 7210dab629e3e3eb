/** One process per data folder, by a lock that the kernel takes back when its holder dies, however it dies. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isAlive } from "./postgres-process.ts";

/** Who holds a data folder. `url` is null until it listens. */
export interface LockHolder {
  pid: number;
  url: string | null;
}

export interface DataDirLock {
  /** Makes the address known to whoever asks for the same folder. */
  announce(url: string): void;
  release(): void;
}

export type LockAnswer =
  | { kind: "taken"; lock: DataDirLock }
  /** `holder` is null when the other process has not said who it is yet. */
  | { kind: "held"; holder: LockHolder | null };

const SQLITE_BUSY = 5;

/**
 * Takes the lock of an existing folder, without waiting.
 *
 * The lock is SQLite's exclusive one on an empty file: `fcntl` on every system, gone with the process (also after `kill -9`), and
 * blind to process numbers, so a recycled one never blocks a start. Child processes do not inherit it.
 * Throws when the folder cannot be written to.
 */
export function takeDataDirLock(dataDir: string): LockAnswer {
  const holderFile = join(dataDir, "running.json");
  const database = new DatabaseSync(join(dataDir, "lock"), { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (isBusy(error)) return { kind: "held", holder: readHolder(holderFile) };
    throw error;
  }
  writeHolder(holderFile, { pid: process.pid, url: null });
  return {
    kind: "taken",
    lock: {
      announce: (url) => writeHolder(holderFile, { pid: process.pid, url }),
      release: () => {
        if (database.isOpen) database.close();
      },
    },
  };
}

/** The sentence for a person who started a second process. */
export function describeHolder(dataDir: string, holder: LockHolder | null): string {
  const known = holder === null ? [] : [`process ${holder.pid}`, holder.url];
  const details = known.filter((part) => part !== null).join(", ");
  return `Gatehouse is already running on ${dataDir}${details === "" ? "" : ` (${details})`}.`;
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY;
}

function writeHolder(file: string, holder: LockHolder): void {
  // By rename, so that nobody reads half of it.
  writeFileSync(`${file}.new`, JSON.stringify(holder));
  renameSync(`${file}.new`, file);
}

function readHolder(file: string): LockHolder | null {
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
  if (typeof read !== "object" || read === null) return null;
  if (!("pid" in read) || typeof read.pid !== "number") return null;
  // Until the present holder has written its own, the file is that of the one before.
  if (!isAlive(read.pid)) return null;
  return { pid: read.pid, url: "url" in read && typeof read.url === "string" ? read.url : null };
}
