/** The package manager's processes above us: how long ago the command was given, and whether they are still there. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";

interface ProcessFacts {
  parent: number;
  ageSeconds: number;
  command: string;
}

export interface Launcher {
  /** Seconds since the outermost of them started, an installation included; null when we were started without one. */
  ageSeconds: number | null;
  /**
   * Calls back, once, when one of them has gone. A signal to `npx` alone ends it and is passed on to nobody, and what it started
   * would run on unseen.
   */
  watch(onGone: () => void): void;
}

const PACKAGE_MANAGER = /\b(npx|npm|pnpm|corepack)\b/;
const TICKS_PER_SECOND = 100;

/** Looks up from this process to the outermost package manager. */
export async function findLauncher(): Promise<Launcher> {
  const chain: { pid: number; parent: number }[] = [];
  let length = 0;
  let ageSeconds: number | null = null;
  let { pid } = process;
  // Shells lie between them; whatever is above the outermost is a person's and none of our business.
  while (pid > 1 && chain.length < 20) {
    const facts = await readProcess(pid);
    if (facts === null) break;
    if (pid !== process.pid && PACKAGE_MANAGER.test(facts.command)) {
      length = chain.length;
      ageSeconds = facts.ageSeconds;
    }
    chain.push({ pid, parent: facts.parent });
    pid = facts.parent;
  }
  // Each of these must keep its parent: an orphan is given another one.
  const watched = chain.slice(0, length);
  return { ageSeconds, watch: (onGone) => watchChain(watched, onGone) };
}

function watchChain(watched: { pid: number; parent: number }[], onGone: () => void): void {
  if (watched.length === 0) return;
  const look = async () => {
    for (const { pid, parent } of watched) {
      if ((await readProcess(pid))?.parent !== parent) return onGone();
    }
    setTimeout(() => void look(), process.platform === "linux" ? 300 : 1_500).unref();
  };
  void look();
}

async function readProcess(pid: number): Promise<ProcessFacts | null> {
  try {
    return process.platform === "linux" ? readProc(pid) : await askPs(pid);
  } catch {
    return null;
  }
}

function readProc(pid: number): ProcessFacts {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // After the name, which may hold anything: state, parent, ... (proc_pid_stat(5), fields 4 and 22).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const uptime = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]);
  return {
    parent: Number(fields[1]),
    ageSeconds: uptime - Number(fields[19]) / TICKS_PER_SECOND,
    command: readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "),
  };
}

async function askPs(pid: number): Promise<ProcessFacts> {
  const format = ["-o", "ppid=", "-o", "etime=", "-o", "command="];
  const { stdout } = await promisify(execFile)("ps", [...format, "-p", String(pid)]);
  const [, parent, etime = "", command = ""] = /^\s*(\d+)\s+(\S+)\s+(.*)/.exec(stdout) ?? [];
  // [[days-]hours:]minutes:seconds
  const [clock = "", days = "0"] = etime.split("-").toReversed();
  const seconds = clock.split(":").reduce((total, part) => total * 60 + Number(part), 0);
  return { parent: Number(parent), ageSeconds: Number(days) * 86_400 + seconds, command };
}
