/** The files of the embedded server's cluster: made once, by `initdb`, with a password of its own. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type Account, canEnter } from "./postgres-account.ts";
import type { PostgresBinaries } from "./postgres-binaries.ts";
import { EmbeddedPostgresError } from "./postgres-error.ts";

export const SUPERUSER = "gatehouse";

/** Makes the data folder if need be, and sees that the server's account can pass through it. Throws `FOLDER_UNUSABLE`. */
export function prepareDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o711 });
  } catch (error) {
    throw new EmbeddedPostgresError(
      "FOLDER_UNUSABLE",
      `The data folder ${dataDir} cannot be made: ${error instanceof Error ? error.message : String(error)}.`,
      { cause: error },
    );
  }
}

/** Throws `FOLDER_UNUSABLE` when the account cannot enter the data folder and the cause lies above it. */
export function openDataDirTo(account: Account | null, dataDir: string): void {
  if (canEnter(account, dataDir)) return;
  if (statSync(dataDir).uid === process.getuid?.()) {
    chmodSync(dataDir, (statSync(dataDir).mode & 0o777) | 0o011);
  }
  if (canEnter(account, dataDir)) return;
  throw new EmbeddedPostgresError(
    "FOLDER_UNUSABLE",
    `PostgreSQL does not run as root, and ${account?.name} cannot enter ${dataDir}: set DATA_DIR to a folder outside of root's home, such as /var/lib/gatehouse.`,
  );
}

/** Whether a cluster has been made there. */
export function clusterExists(clusterDir: string): boolean {
  return existsSync(join(clusterDir, "PG_VERSION"));
}

/**
 * Makes the cluster: UTF-8 whatever the locale of the machine, by PostgreSQL's own locale (`builtin`), so that neither a missing
 * LANG nor one that is not installed matters, and sorting does not change with the machine's C library.
 * Made under another name and renamed, so that one cut short is never taken for whole.
 */
export async function createCluster(options: {
  clusterDir: string;
  passwordFile: string;
  account: Account | null;
  binaries: PostgresBinaries;
  /** False: nothing survives a crash of the machine, for tests. */
  durable: boolean;
  signal: AbortSignal | undefined;
}): Promise<void> {
  const { clusterDir, passwordFile, account, binaries } = options;
  // A damaged or half restored database: nothing of it may be touched, its password least of all.
  if (existsSync(clusterDir) && readdirSync(clusterDir).length > 0)
    throw new EmbeddedPostgresError(
      "CLUSTER_UNUSABLE",
      `${clusterDir} is not empty, but no database that can be opened: restore it, or move it away to begin anew.`,
    );
  const unfinished = `${clusterDir}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  const password = randomBytes(24).toString("base64url");
  const passwordForInitdb = join(unfinished, "password");
  writeFileSync(passwordForInitdb, password, { mode: 0o600 });
  const cluster = join(unfinished, "cluster");
  if (account !== null) {
    chownSync(unfinished, account.uid, account.gid);
    chownSync(passwordForInitdb, account.uid, account.gid);
  }
  try {
    await promisify(execFile)(
      binaries.initdb,
      [
        `--pgdata=${cluster}`,
        `--username=${SUPERUSER}`,
        `--pwfile=${passwordForInitdb}`,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--no-instructions",
        ...(options.durable ? [] : ["--no-sync"]),
      ],
      { ...spawnOptions(account, unfinished), signal: options.signal },
    );
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new EmbeddedPostgresError(
      "CLUSTER_UNUSABLE",
      `PostgreSQL could not make its database in ${dirname(clusterDir)}: ${readFailure(error)}.`,
      { cause: error },
    );
  }
  writeFileSync(passwordFile, password, { mode: 0o600 });
  renameSync(cluster, clusterDir);
  rmSync(unfinished, { recursive: true, force: true });
}

/** The password of an existing cluster. Throws `CLUSTER_UNUSABLE` when it is lost or the cluster is of another major version. */
export function readClusterPassword(
  clusterDir: string,
  passwordFile: string,
  binaries: PostgresBinaries,
): string {
  const made = readFileSync(join(clusterDir, "PG_VERSION"), "utf8").trim();
  if (made !== binaries.majorVersion) {
    throw new EmbeddedPostgresError(
      "CLUSTER_UNUSABLE",
      `The database in ${clusterDir} was made by PostgreSQL ${made} and this is PostgreSQL ${binaries.majorVersion}: dump it with the old one and load it into a new DATA_DIR.`,
    );
  }
  if (!existsSync(passwordFile)) {
    throw new EmbeddedPostgresError(
      "CLUSTER_UNUSABLE",
      `${passwordFile} is missing, without which the database beside it cannot be opened: put it back from a back-up.`,
    );
  }
  return readFileSync(passwordFile, "utf8").trim();
}

/** Options for a process of the server: its account, a folder it may be in, and nothing of our environment but the path. */
export function spawnOptions(account: Account | null, cwd: string) {
  return {
    ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
    cwd,
    env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
  };
}

function readFailure(error: unknown): string {
  const text = error instanceof Error && "stderr" in error ? String(error.stderr) : "";
  const line = text.split("\n").find((candidate) => /error|fatal/i.test(candidate));
  const fallback = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  return (line ?? fallback).replace(/^initdb: error: /, "").trim();
}
