/** PostgreSQL refuses to run as root; this picks the user it runs as instead, and what that user can reach. */
import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { EmbeddedPostgresError } from "./postgres-error.ts";

/** A user of this machine, as `spawn` wants one. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/** `_postgres` is macOS's. */
const FALLBACK_USERS = ["postgres", "_postgres", "nobody"];

/**
 * The account for the server's processes; null: the one we run as ourselves.
 * For root it is the owner of the cluster or of the data folder, else `postgres`, else `nobody`.
 * Throws `NO_ACCOUNT` when there is none.
 */
export function chooseAccount(clusterDir: string, dataDir: string): Account | null {
  if (process.getuid?.() !== 0) return null;
  const users = readUsers();
  for (const folder of [clusterDir, dataDir]) {
    const owner = statSync(folder, { throwIfNoEntry: false });
    if (owner !== undefined && owner.uid !== 0) {
      const known = users.find((user) => user.uid === owner.uid);
      return known ?? { name: `user ${owner.uid}`, uid: owner.uid, gid: owner.gid };
    }
  }
  for (const name of FALLBACK_USERS) {
    const user = users.find((candidate) => candidate.name === name);
    if (user !== undefined) return user;
  }
  throw new EmbeddedPostgresError(
    "NO_ACCOUNT",
    "PostgreSQL does not run as root and this machine has neither a user `postgres` nor `nobody`: create one, start Gatehouse as another user, or set DATABASE_URL.",
  );
}

/** Whether the account may enter the folder; asked of the kernel, which also knows of access lists. */
export function canEnter(account: Account | null, folder: string): boolean {
  if (account === null) return true;
  const answer = spawnSync("/bin/sh", ["-c", 'cd "$0"', folder], {
    uid: account.uid,
    gid: account.gid,
    cwd: "/",
    stdio: "ignore",
  });
  return answer.status === 0;
}

function readUsers(): Account[] {
  return readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .flatMap((line) => {
      const [name, , uid, gid] = line.split(":");
      if (name === undefined || name.startsWith("#") || uid === undefined) return [];
      // macOS writes `nobody` as -2.
      return [{ name, uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }];
    });
}
