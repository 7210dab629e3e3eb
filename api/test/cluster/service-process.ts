import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** A process of Gatehouse as it is run: `main.ts`, with nothing but its variables, and asked to end as a supervisor asks. */
export interface ServiceProcess extends AsyncDisposable {
  readonly url: string;
  /** SIGTERM. Resolves with the exit code, and after how long it came. */
  terminate(): Promise<{ exitCode: number | null; tookMs: number }>;
}

/** Resolves when it answers. */
export async function startService(
  port: number,
  env: Record<string, string>,
): Promise<ServiceProcess> {
  const main = join(import.meta.dirname, "../../src/main.ts");
  const { PATH = "", NODE_COMPILE_CACHE = "" } = process.env;
  const child = spawn(process.execPath, [main], {
    env: { PATH, NODE_COMPILE_CACHE, ...env, PORT: String(port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit").then(([code]) => code as number | null);
  let output = "";
  const isReady = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (output.includes("Gatehouse is ready at ")) resolve();
      });
    void ended.then(() => reject(new Error(`It ended: ${output}`)));
  });
  await isReady;
  return {
    url: `http://localhost:${port}`,
    async terminate() {
      const askedAtMs = performance.now();
      child.kill("SIGTERM");
      const exitCode = await ended;
      return { exitCode, tookMs: performance.now() - askedAtMs };
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
