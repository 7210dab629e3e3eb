import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { findFreePort } from "../support/free-port.ts";
import type { Counterparty } from "./listen.ts";

/**
 * The reference server with every feature (`@modelcontextprotocol/server-everything`): legacy era, sessions, resumable streams.
 * @param wantedPort left out: a free one
 */
export async function startEverything(wantedPort?: number): Promise<Counterparty> {
  const manifest = createRequire(import.meta.url).resolve(
    "@modelcontextprotocol/server-everything/package.json",
  );
  const script = join(dirname(manifest), "dist", "index.js");
  // It takes a port from the environment and does not say which one it got for 0.
  const port = wantedPort ?? (await findFreePort());
  const child = spawn(process.execPath, [script, "streamableHttp"], {
    env: { ...process.env, PORT: String(port) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let output = "";
    child.stderr.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes("listening on port")) resolve();
    });
    child.once("exit", (code) => reject(new Error(`It exited with ${code}: ${output}`)));
  });
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    close: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
