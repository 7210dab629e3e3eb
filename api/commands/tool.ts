/** Runs a tool of the repository as a process of its own. */
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { COMPILE_CACHE } from "./compile-cache.ts";

export const ROOT = resolve(import.meta.dirname, "..", "..");

export interface ToolRun {
  /** Null when it was ended by a signal, ours or another. */
  exitCode: number | null;
  /** Standard output and errors, as they came. */
  output: string;
}

export interface ToolOptions {
  /** Relative to the repository. */
  cwd?: string;
  env?: Record<string, string>;
  /** Ends it with all that it started. */
  signal?: AbortSignal;
}

/** Variables of ours that keep tools from asking the network for news of themselves. */
const QUIET = { CHECKPOINT_DISABLE: "1", PRISMA_HIDE_UPDATE_MESSAGE: "1", NO_COLOR: "1" };

/** Processes that a tool starts load the same modules again and again. */
const FAST = { NODE_COMPILE_CACHE: COMPILE_CACHE };

/** The Node of the package `node`, whatever started us, and binaries found from the package outwards. */
export async function runTool(command: string[], options: ToolOptions = {}): Promise<ToolRun> {
  const { cwd = ".", env = {}, signal } = options;
  const folder = resolve(ROOT, cwd);
  const [file = "", ...args] = command;
  const { FORCE_COLOR: _, ...inherited } = process.env;
  const path = [
    `${folder}/node_modules/.bin`,
    `${ROOT}/node_modules/.bin`,
    inherited["PATH"] ?? "",
  ];
  const child = spawn(file, args, {
    cwd: folder,
    env: { ...inherited, ...QUIET, ...FAST, ...env, PATH: path.join(":") },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that ending it ends what it started.
    detached: true,
  });
  const end = () => killGroup(child.pid);
  process.once("exit", end);
  signal?.addEventListener("abort", end, { once: true });
  if (signal?.aborted) end();
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  return await new Promise((done) => {
    const finish = (exitCode: number | null) => {
      process.off("exit", end);
      signal?.removeEventListener("abort", end);
      done({ exitCode, output });
    };
    child.once("error", (error) => {
      output += error.message;
      finish(null);
    });
    child.once("close", finish);
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It had ended already.
  }
}
