/** Runs the server on its cluster, or takes over one that runs on it already. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "pg";
import type { Account } from "./postgres-account.ts";
import type { PostgresBinaries } from "./postgres-binaries.ts";
import { spawnOptions } from "./postgres-cluster.ts";
import { EmbeddedPostgresError } from "./postgres-error.ts";
import { isServerOf, readPostmasterFile, stopServer, waitUntil } from "./postgres-process.ts";

const START_TIMEOUT_MS = 60_000;
const START_ATTEMPTS = 20;
const LOG_LIMIT_BYTES = 5_000_000;

/** A fault that goes away by itself: a port taken in between, or processes of a killed server that are still ending. */
const PASSING_FAULT =
  /could not (?:bind|create any TCP)|pre-existing shared memory|lock file .* already exists/;

export interface RunningServer {
  pid: number;
  port: number;
  adopted: boolean;
  ended: Promise<void>;
}

/** The server that a killed process left behind, if it answers to our password; one that does not is stopped. */
export async function adoptServer(
  clusterDir: string,
  nameUrl: (port: number) => string,
): Promise<RunningServer | null> {
  const found = readPostmasterFile(clusterDir);
  if (found === null) return null;
  if (!isServerOf(found.pid, clusterDir)) {
    // The number may by now be another program's, and PostgreSQL, which sees only that it lives, would refuse to start.
    rmSync(join(clusterDir, "postmaster.pid"), { force: true });
    return null;
  }
  const isSettled = () => readPostmasterFile(clusterDir)?.status !== "starting";
  await waitUntil(isSettled, START_TIMEOUT_MS);
  const { port } = readPostmasterFile(clusterDir) ?? found;
  if (await serves(nameUrl(port), clusterDir)) {
    return { pid: found.pid, port, adopted: true, ended: new Promise(() => {}) };
  }
  await stopServer(found.pid, clusterDir);
  return null;
}

/** Whether the server behind the address answers to us and serves this cluster. */
export async function serves(url: string, clusterDir: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 3_000 });
  try {
    await client.connect();
    const { rows } = await client.query("select current_setting('data_directory') as folder");
    return rows[0]?.folder === clusterDir;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

interface StartOptions {
  clusterDir: string;
  dataDir: string;
  account: Account | null;
  binaries: PostgresBinaries;
  durability: "full" | "none";
  say: (line: string) => void;
  signal: AbortSignal | undefined;
}

/** Throws `START_FAILED`. */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { clusterDir, say } = options;
  let fault = "";
  for (let attempt = 1; attempt <= START_ATTEMPTS; attempt += 1) {
    const port = await findFreePort();
    const { child, readLog } = spawnServer(options, port);
    const { pid } = child;
    const ended = new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
    const hasEnded = () =>
      pid === undefined || child.exitCode !== null || child.signalCode !== null;
    const isReady = () => {
      const file = readPostmasterFile(clusterDir);
      return file?.pid === pid && file?.status === "ready";
    };
    const isSettled = () => isReady() || hasEnded() || options.signal?.aborted === true;
    if (!(await waitUntil(isSettled, 1_000))) {
      say("PostgreSQL is recovering its data...");
      await waitUntil(isSettled, START_TIMEOUT_MS);
    }
    if (pid !== undefined && isReady()) return { pid, port, adopted: false, ended };
    if (pid !== undefined && !hasEnded()) {
      await stopServer(pid, clusterDir);
      fault = options.signal?.aborted ? "it was stopped" : "it was not ready within a minute";
      break;
    }
    fault = readLog();
    if (!PASSING_FAULT.test(fault)) break;
    await pause(attempt * 50);
  }
  throw new EmbeddedPostgresError(
    "START_FAILED",
    `PostgreSQL did not start: ${fault || "it ended without a word"} (see ${join(options.dataDir, "postgres.log")}).`,
  );
}

function spawnServer(
  options: StartOptions,
  port: number,
): { child: ChildProcess; readLog: () => string } {
  const { clusterDir, dataDir, account, binaries } = options;
  const logFile = join(dataDir, "postgres.log");
  if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > LOG_LIMIT_BYTES) {
    renameSync(logFile, `${logFile}.1`);
  }
  const log = openSync(logFile, "a", 0o600);
  const logStart = fstatSync(log).size;
  const settings = {
    port: String(port),
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    log_timezone: "UTC",
    timezone: "UTC",
    max_connections: "200",
    ...(options.durability === "none"
      ? { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }
      : {}),
  };
  const child = spawn(
    binaries.postgres,
    [
      "-D",
      clusterDir,
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    {
      ...spawnOptions(account, clusterDir),
      // A session of its own: a Ctrl-C goes to every process of the terminal's, and the database must be the last to stop.
      detached: true,
      stdio: ["ignore", log, log],
    },
  );
  child.unref();
  closeSync(log);
  const readLog = () => {
    const lines = readFileSync(logFile).subarray(logStart).toString("utf8").split("\n");
    const faults = lines.filter((line) => /FATAL|PANIC|error while loading/.test(line));
    return (faults[0] ?? lines[0] ?? "").replace(/^.*?(?:FATAL|PANIC): +/, "").trim();
  };
  return { child, readLog };
}

async function findFreePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}
