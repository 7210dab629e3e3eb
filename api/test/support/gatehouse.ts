import { randomBytes } from "node:crypto";
import { type Database, openDatabase } from "@gatehouse/prisma";
import { type AppOptions, createApp } from "#app.ts";
import { loadConfig } from "#config/config.ts";
import { generateKey } from "#crypto/keyring.ts";
import type { ProviderProfile } from "#oauth/provider-profiles.ts";
import { type Sandbox, type SandboxOptions, startSandbox } from "#sandbox/sandbox.ts";
import type { Secrets } from "#config/secret-files.ts";
import { signUp, type TestUser } from "./client.ts";
import { createTestDatabase } from "./database.ts";
import { findFreePort } from "./free-port.ts";
import { startStatementCounter } from "./statement-counter.ts";
import { createTeller } from "./teller.ts";

export interface TestGatehouse extends AsyncDisposable {
  /** `PUBLIC_URL`. */
  url: string;
  /** Where its first process is reached, whatever `PUBLIC_URL` is. */
  address: string;
  sandbox: Sandbox;
  databaseUrl: string;
  /** For looking at what is stored, past the API. Its processes are told of what is changed with it of servers, grants and keys. */
  db: Database;
  /** Statements that its processes have sent to the database so far. Only with the option `countsStatements`. */
  countStatements(): number;
  /** Every line of the log so far. */
  log: string[];
  signUp(name?: string): Promise<TestUser>;
  /**
   * A second process of the cluster, on the same database, with further variables; answers its own address.
   * @param databaseUrl by another way
   */
  addProcess(
    env?: Record<string, string>,
    databaseUrl?: string,
    options?: Pick<AppOptions, "pollMs" | "openBus">,
  ): Promise<string>;
  /** Stops a process as SIGTERM does, by its own address. */
  stopProcess(url: string): Promise<void>;
}

export interface TestOptions {
  sandbox?: SandboxOptions;
  /** Further variables of the configuration. */
  env?: Record<string, string>;
  /** Instead of the known providers. */
  profiles?: readonly ProviderProfile[];
  /** Grants are refreshed in the background so often. Left out: not at all, so that a test knows who asks for a token. */
  refreshEveryMs?: number;
  /** The deletion of a server can be undone for so long, in milliseconds, instead of ten seconds. */
  undoMs?: number;
  /** Whether `countStatements` can be called. What is counted takes a way that costs a tenth more. */
  countsStatements?: boolean;
  /** Instead of keys made for the test. */
  secrets?: Partial<Secrets>;
}

/** A whole Gatehouse in this process, with a database and a sandbox of its own. */
export async function startGatehouse(options: TestOptions = {}): Promise<TestGatehouse> {
  const resources = new AsyncDisposableStack();
  const database = resources.use(await createTestDatabase());
  const counter = options.countsStatements
    ? resources.use(await startStatementCounter(database.url))
    : null;
  const databaseUrl = counter?.url ?? database.url;
  const sandbox = resources.use(await startSandbox({ port: 0, ...options.sandbox }));
  const log: string[] = [];
  const secrets = {
    encryptionKeys: generateKey("test"),
    authSecret: randomBytes(32).toString("base64"),
    ...options.secrets,
  };

  const stops = new Map<string, () => Promise<void>>();

  const teller = createTeller();
  async function startProcess(
    settings: Record<string, string>,
    ownDatabaseUrl = databaseUrl,
    own: Pick<AppOptions, "pollMs" | "openBus"> = {},
  ): Promise<string> {
    const env = { SANDBOX: "off", LOG_LEVEL: "debug", ...options.env, ...settings };
    const answer = loadConfig(env, { isRoot: false, checkoutDir: "/nowhere" });
    if (!answer.ok) throw new Error(answer.faults.join(" "));
    const app = await createApp({
      config: answer.config,
      databaseUrl: ownDatabaseUrl,
      secrets,
      openBus: teller.openBus,
      ...own,
      log: (line) => log.push(line),
      ...(options.profiles ? { profiles: options.profiles } : {}),
      refreshEveryMs: options.refreshEveryMs ?? null,
      ...(options.undoMs === undefined ? {} : { undoMs: options.undoMs }),
    });
    let closing: Promise<void> | null = null;
    const stop = () => (closing ??= app.close());
    resources.defer(stop);
    await app.listen();
    stops.set(`http://localhost:${answer.config.port}`, stop);
    return answer.config.publicUrl;
  }

  const firstPort = await findFreePort();
  const url = await startProcess({ PORT: String(firstPort) });
  const db = openDatabase(database.url, 2);
  resources.defer(() => db.$disconnect());
  return {
    url,
    address: `http://localhost:${firstPort}`,
    sandbox,
    databaseUrl: database.url,
    db: teller.tellingOf(db),
    countStatements() {
      if (counter === null) throw new Error("countsStatements was not set");
      return counter.count();
    },
    log,
    signUp: (name = `user${randomBytes(3).toString("hex")}`) => signUp(url, name),
    async addProcess(env = {}, ownDatabaseUrl = databaseUrl, ofProcess = {}) {
      const port = String(await findFreePort());
      const own = { PORT: port, PUBLIC_URL: url, ALLOWED_HOSTS: `localhost:${port}` };
      await startProcess({ ...own, ...env }, ownDatabaseUrl, ofProcess);
      return `http://localhost:${port}`;
    },
    async stopProcess(address) {
      await stops.get(address)?.();
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
