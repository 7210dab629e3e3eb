import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../../..");

/** A process of the repository's, with nothing of our environment but the path and what spares it compiling. */
export class OwnProgram {
  output = "";
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  #listeners: (() => void)[] = [];

  constructor(file: string, args: string[], env: Record<string, string>) {
    const { PATH = "", NODE_COMPILE_CACHE = "" } = process.env;
    this.child = spawn(process.execPath, [join(root, file), ...args], {
      env: { PATH, NODE_COMPILE_CACHE, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
        for (const listen of this.#listeners) listen();
      });
    this.ended = once(this.child, "close").then(([code]) => code);
  }

  /** Resolves once it has said so; rejects when it ends without. */
  async says(text: string): Promise<void> {
    await new Promise<void>((done, fail) => {
      const look = () => this.output.includes(text) && done();
      this.#listeners.push(look);
      look();
      void this.ended.then(() => fail(new Error(`It ended without: ${this.output}`)));
    });
  }
}
