import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** A program of somebody else's, with nothing of our environment but the path. */
export class RunningProgram implements AsyncDisposable {
  /** Lines of its standard output so far. */
  readonly lines: string[] = [];
  errors = "";
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #listeners = new Set<() => void>();

  constructor(command: readonly string[], env: Record<string, string>) {
    const [file = "", ...args] = command;
    this.#child = spawn(file, args, {
      // A group of its own: bash has children.
      detached: true,
      env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let rest = "";
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.lines.push(...lines);
      for (const look of this.#listeners) look();
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.errors += text));
    this.ended = once(this.#child, "close").then(([code]) => {
      if (rest !== "") this.lines.push(rest);
      return code as number | null;
    });
  }

  /** Resolves with the lines once there are so many; rejects when it ends with fewer. */
  async prints(count: number): Promise<string[]> {
    await new Promise<void>((done, fail) => {
      const look = () => this.lines.length >= count && done();
      this.#listeners.add(look);
      look();
      void this.ended.then(() =>
        fail(new Error(`It ended after: ${this.lines.join("\n")}\n${this.errors}`)),
      );
    });
    return this.lines;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid !== undefined && exitCode === null && signalCode === null)
      process.kill(-pid, "SIGKILL");
    await this.ended;
  }
}
