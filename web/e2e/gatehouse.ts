import { spawn } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const apiFolder = join(import.meta.dirname, "../../api");

/** Where a running Gatehouse and its sandbox are. */
export type Gatehouse = { url: string; sandboxUrl: string };

/**
 * Starts a whole Gatehouse, database and sandbox included, on free ports and a folder of its own.
 * web/dist has to be built. `env`: further variables. `lines`: its output so far. Disposal stops it and deletes the folder.
 */
export async function startGatehouse(
  env: Record<string, string> = {},
): Promise<Gatehouse & { lines: readonly string[] } & AsyncDisposable> {
  const [port, sandboxPort] = await findFreePorts(2);
  const folder = await mkdtemp(join(tmpdir(), "gatehouse-e2e-"));
  // As root the database runs as another user, who has to reach its data.
  await chmod(folder, 0o755);
  const child = spawn(process.execPath, ["src/main.ts"], {
    cwd: apiFolder,
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      PORT: String(port),
      SANDBOX_PORT: String(sandboxPort),
      DATA_DIR: join(folder, "data"),
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ready = new Promise<void>((resolve, reject) => {
    const listen = (line: string) => {
      lines.push(line);
      if (line.includes("Gatehouse is ready")) resolve();
    };
    createInterface({ input: child.stdout }).on("line", listen);
    createInterface({ input: child.stderr }).on("line", listen);
    void exited.then(() =>
      reject(new Error(`Gatehouse did not start:\n${lines.slice(-20).join("\n")}`)),
    );
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await ready;
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `http://localhost:${port}`,
    sandboxUrl: `http://127.0.0.1:${sandboxPort}`,
    lines,
    [Symbol.asyncDispose]: stop,
  };
}

/** Ports that are free now; all are held until the last is known, so that they differ. */
async function findFreePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject).listen(0, "127.0.0.1", resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("A server without a port");
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
