import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";

const TIMEOUT_MS = 60_000;

let folder: string;
let ports: number[];

/** Free ports, all different; closed again, so that the process under test can have them. */
async function findFreePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const found: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address !== null && typeof address === "object") found.push(address.port);
  }
  for (const server of servers) server.close();
  return found;
}

class Run {
  output = "";
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(env: Record<string, string>) {
    const [port, sandboxPort] = ports;
    this.child = spawn(process.execPath, [join(import.meta.dirname, "main.ts")], {
      env: {
        PATH: process.env["PATH"] ?? "",
        NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? "",
        PORT: String(port),
        SANDBOX_PORT: String(sandboxPort),
        DATA_DIR: join(folder, "data"),
        LOG_LEVEL: "silent",
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.output += text));
    }
    this.ended = once(this.child, "close").then(([code]) => code);
  }

  /** Resolves once it has said that it is ready; rejects when it ends before. */
  async waitUntilReady(): Promise<this> {
    const isReady = () => this.output.includes("Gatehouse is ready at ");
    await new Promise<void>((resolve, reject) => {
      this.child.stdout?.on("data", () => isReady() && resolve());
      void this.ended.then(() => reject(new Error(`It ended: ${this.output}`)));
    });
    return this;
  }
}

function start(env: Record<string, string> = {}): Run {
  const run = new Run(env);
  onTestFinished(async () => {
    run.child.kill("SIGTERM");
    await run.ended;
  });
  return run;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gatehouse-main-"));
  // Run by root, PostgreSQL runs as another user, who must get in.
  chmodSync(folder, 0o755);
  ports = await findFreePorts(4);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function isServerRunning(): boolean {
  return existsSync(join(folder, "data", "postgres", "postmaster.pid"));
}

describe("from start to stop", { timeout: TIMEOUT_MS }, () => {
  it("makes its secrets for itself alone, serves, and stops within ten seconds, the database last", async () => {
    const run = await start().waitUntilReady();
    const answer = await fetch(`http://localhost:${ports[0]}/readyz`);
    expect(answer.status).toBe(200);
    for (const name of ["encryption-keys", "auth-secret", "postgres-password"]) {
      expect(statSync(join(folder, "data", name)).mode & 0o777).toBe(0o600);
    }
    const askedAt = performance.now();
    run.child.kill("SIGTERM");
    expect(await run.ended).toBe(0);
    expect(performance.now() - askedAt).toBeLessThan(10_000);
    expect(isServerRunning()).toBe(false);
    expect(run.output.trim().split("\n").at(-1)).toBe(
      `Gatehouse is ready at http://localhost:${ports[0]}`,
    );
  });

  it("refuses a second process on the same data, and a taken port, in a sentence each", async () => {
    const first = await start().waitUntilReady();
    const second = start();
    expect(await second.ended).toBe(1);
    expect(second.output).toBe(
      `Gatehouse is already running on ${join(folder, "data")} (process ${first.child.pid}, http://localhost:${ports[0]}).\n`,
    );
    const elsewhere = start({ DATA_DIR: join(folder, "other"), SANDBOX: "off" });
    expect(await elsewhere.ended).toBe(1);
    expect(elsewhere.output.trim().split("\n").at(-1)).toBe(
      `Port ${ports[0]} is used by another program. End that program, or set PORT to another port.`,
    );
    expect(existsSync(join(folder, "other", "postgres", "postmaster.pid"))).toBe(false);
  });

  it("cleans up by itself after kill -9, and keeps the secrets", async () => {
    const killed = await start().waitUntilReady();
    const keys = readFileSync(join(folder, "data", "encryption-keys"), "utf8");
    killed.child.kill("SIGKILL");
    await killed.ended;
    expect(isServerRunning()).toBe(true);
    const run = await start().waitUntilReady();
    expect(readFileSync(join(folder, "data", "encryption-keys"), "utf8")).toBe(keys);
    run.child.kill("SIGINT");
    expect(await run.ended).toBe(0);
    expect(isServerRunning()).toBe(false);
  });
});

describe("what cannot start says why in a sentence", { timeout: TIMEOUT_MS }, () => {
  it.each(["encryption-keys", "auth-secret"])("a lost %s, which is not made anew", async (name) => {
    const file = join(folder, "data", name);
    renameSync(file, `${file}.lost`);
    onTestFinished(() => renameSync(`${file}.lost`, file));
    const run = start();
    expect(await run.ended).toBe(1);
    expect(run.output).toMatch(new RegExp(`^The key file ${file} is missing\\. [^\\n]*\\.\\n$`));
    expect(existsSync(file)).toBe(false);
  });

  it("keys that are not this database's", async () => {
    const run = start({ ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 7).toString("base64")}` });
    expect(await run.ended).toBe(1);
    expect(run.output).toBe(
      "The encryption keys are not those with which this database was encrypted. Restore the right ones.\n",
    );
    expect(isServerRunning()).toBe(false);
  });

  it("a database that is not there", async () => {
    const run = start({
      DATABASE_URL: `postgresql://gatehouse:hunter2@127.0.0.1:${ports[3]}/gatehouse`,
      ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 7).toString("base64")}`,
      AUTH_SECRET: "a".repeat(32),
    });
    expect(await run.ended).toBe(1);
    expect(run.output).toBe(
      `Nothing listens at 127.0.0.1:${ports[3]}, where DATABASE_URL expects PostgreSQL.\n`,
    );
  });

  it("a configuration with faults, all of them", async () => {
    const run = start({ PORT: "none", LOG_LEVEL: "loud" });
    expect(await run.ended).toBe(1);
    expect(run.output.trim().split("\n")).toEqual([
      expect.stringMatching(/^PORT /),
      expect.stringMatching(/^LOG_LEVEL /),
    ]);
  });
});
