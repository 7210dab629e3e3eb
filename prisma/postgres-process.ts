/** The server's process as the operating system sees it: whether it lives, whose data it serves, how it is stopped. */
import { spawnSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** What `postmaster.pid` says (PostgreSQL's miscadmin.h, LOCK_FILE_LINE_*). */
export interface PostmasterFile {
  pid: number;
  port: number;
  /** `starting`, `stopping`, `ready` or `standby`; empty while the file is being written. */
  status: string;
}

const POLL_MS = 10;
const FAST_STOP_MS = 4_000;
const IMMEDIATE_STOP_MS = 1_500;

/** Whether a process with this number exists, ours or not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Null when there is no such file, or nothing readable in it. */
export function readPostmasterFile(clusterDir: string): PostmasterFile | null {
  let lines: string[];
  try {
    lines = readFileSync(join(clusterDir, "postmaster.pid"), "utf8").split("\n");
  } catch {
    return null;
  }
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid < 2) return null;
  return { pid, port: Number(lines[3] ?? 0), status: (lines[7] ?? "").trim() };
}

/** Whether the process is a PostgreSQL server on this cluster, and not a stranger with a recycled number. */
export function isServerOf(pid: number, clusterDir: string): boolean {
  if (!isAlive(pid)) return false;
  if (process.platform === "linux") {
    try {
      // A postmaster's working directory is its data directory. A dead one that nobody has reaped has none.
      return readlinkSync(`/proc/${pid}/cwd`) === clusterDir;
    } catch {
      return false;
    }
  }
  const command = spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" });
  return command.stdout.includes("postgres") && command.stdout.includes(clusterDir);
}

/**
 * Stops a server: fast (clients are disconnected, everything is written), at once when that lingers, at last by force.
 * Resolves when it has gone, 6 s later at most.
 */
export async function stopServer(pid: number, clusterDir: string): Promise<void> {
  for (const [signal, patienceMs] of [
    ["SIGINT", FAST_STOP_MS],
    ["SIGQUIT", IMMEDIATE_STOP_MS],
    ["SIGKILL", 500],
  ] as const) {
    if (!isServerOf(pid, clusterDir)) return;
    process.kill(pid, signal);
    if (await waitUntil(() => !isServerOf(pid, clusterDir), patienceMs)) return;
  }
}

/** Polls until the condition holds; false when it did not within `timeoutMs`. */
export async function waitUntil(condition: () => boolean, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await pause(POLL_MS);
  }
  return true;
}
