/** Folders and processes for tests; all of them are gone when the test is. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { readPostmasterFile, stopServer } from "./postgres-process.ts";

export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "gatehouse-test-"));
  chmodSync(folder, 0o755);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Holder {
  process: ChildProcess;
  /** What it said, as JSON. */
  said: { pid?: number; url?: string; refused?: string };
  kill(): Promise<void>;
}

/** Runs test-holder.ts in a process group of its own, as a terminal would. */
export async function startHolder(
  dataDir: string,
  options: { server?: boolean; env?: Record<string, string> } = {},
): Promise<Holder> {
  const script = join(import.meta.dirname, "test-holder.ts");
  const { LANG: _lang, LC_ALL: _all, ...rest } = process.env;
  const child = spawn(process.execPath, [script, dataDir, options.server ? "server" : ""], {
    env: { ...rest, ...options.env },
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  const exited = once(child, "exit");
  const kill = async () => {
    // The whole group: what a server of its own must survive.
    if (child.exitCode === null && child.signalCode === null && child.pid)
      process.kill(-child.pid, "SIGKILL");
    await exited;
  };
  onTestFinished(async () => {
    await kill();
    // Its server survives it, as it should.
    const clusterDir = join(realpathSync(dataDir), "postgres");
    const left = readPostmasterFile(clusterDir);
    if (left !== null) await stopServer(left.pid, clusterDir);
  });
  const [line]: string[] = await once(createInterface({ input: child.stdout }), "line");
  return { process: child, said: JSON.parse(line ?? "{}"), kill };
}
