import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { FromProcess, ProcessSettings, StageFault, ToProcess } from "./messages.ts";

export interface GatehouseProcess {
  readonly name: string;
  readonly url: string;
  /** Resolves when it answers. Only for one that does not run. */
  start(): Promise<void>;
  isRunning(): boolean;
  /** Resolves when the process knows of it. */
  arm(fault: StageFault | null): Promise<void>;
  /** Its wall clock is wrong by so much from now on, in milliseconds. */
  jump(shiftMs: number): Promise<void>;
  /** SIGTERM: it finishes what runs. Resolves when it has ended. */
  terminate(): Promise<void>;
  /** SIGCONT, after a SIGSTOP that it sent itself. */
  continue(): void;
  /** Kills it, stopped or not. */
  end(): Promise<void>;
}

export interface ProcessOptions {
  name: string;
  url: string;
  settings: ProcessSettings;
  /** How wrong its wall clock is, in milliseconds. */
  clockShiftMs: number;
  onMessage(message: FromProcess): void;
  onEnd(signal: string | null): void;
}

export function createGatehouseProcess(options: ProcessOptions): GatehouseProcess {
  const { name, url, settings, clockShiftMs, onMessage, onEnd } = options;
  let child: ChildProcess | null = null;
  const waiting = new Map<FromProcess["kind"], PromiseWithResolvers<void>>();

  /** Sends a message, and waits for the kind of answer that belongs to it. */
  async function ask(message: ToProcess, answer: FromProcess["kind"]): Promise<void> {
    const told = Promise.withResolvers<void>();
    waiting.set(answer, told);
    child?.send(message);
    await told.promise;
  }

  return {
    name,
    url,
    isRunning: () => child !== null,
    async start() {
      const errors: string[] = [];
      const started = fork(join(import.meta.dirname, "process.ts"), {
        silent: true,
        execArgv: ["--import", join(import.meta.dirname, "shifted-clock.ts")],
        env: { ...process.env, CLOCK_SHIFT_MS: String(clockShiftMs) },
      });
      child = started;
      started.stderr?.on("data", (text: Buffer) => errors.push(text.toString()));
      if (started.stdout)
        createInterface(started.stdout).on("line", (line) => {
          const message = JSON.parse(line) as FromProcess;
          waiting.get(message.kind)?.resolve();
          onMessage(message);
        });
      started.once("exit", (_code, signal) => {
        child = null;
        const error = new Error(`Process ${name} has ended (${signal}): ${errors.join("")}`);
        for (const { reject } of waiting.values()) reject(error);
        onEnd(signal);
      });
      await ask({ kind: "start", settings }, "ready");
    },
    async arm(fault) {
      if (child) await ask({ kind: "arm", fault }, "armed");
    },
    async jump(shiftMs) {
      if (child) await ask({ kind: "clock", shiftMs }, "jumped");
    },
    async terminate() {
      if (!child) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
    continue() {
      child?.kill("SIGCONT");
    },
    async end() {
      if (!child) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}
