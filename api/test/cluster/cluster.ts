/** Three processes of Gatehouse on one database, an authorization server that rotates and detects reuse, and somebody who calls. */
import { randomBytes } from "node:crypto";
import { type Database, openDatabase } from "@gatehouse/prisma";
import { generateKey } from "#crypto/keyring.ts";
import type { RefreshLimits } from "#oauth/lease-request.ts";
import { type Sandbox, startSandbox } from "#sandbox/sandbox.ts";
import { connect, createServer, executeTool, rowIdOf } from "../support/client.ts";
import { signUp, type TestUser } from "../support/client.ts";
import { findFreePort } from "../support/free-port.ts";
import { type DatabaseProxy, startDatabaseProxy } from "./database-proxy.ts";
import { createGatehouseProcess, type GatehouseProcess } from "./gatehouse-process.ts";
import type { FromProcess, StageFault } from "./messages.ts";
import { createRecord, type ClusterRecord } from "./record.ts";

export interface ClusterProcess extends GatehouseProcess {
  readonly database: DatabaseProxy;
}

/** A personal account at one of the sandbox's MCP servers. */
export interface Account {
  serverId: string;
  serverRowId: string;
  grantId: string;
  /** The registration is the server's own, so it tells this account's requests from others'. */
  clientId: string;
  /** What calls run there. */
  tool: { name: string; arguments: object };
}

export interface CallOutcome {
  process: string;
  /** The answer's type; `lost` when the connection broke, `error` when Gatehouse itself failed. */
  answer: string;
  reason: string | null;
  waitedMs: number;
}

export interface Cluster extends AsyncDisposable {
  readonly processes: readonly ClusterProcess[];
  /** `PUBLIC_URL` of all of them. */
  readonly publicUrl: string;
  readonly limits: RefreshLimits;
  readonly sandbox: Sandbox;
  /** For looking at what is stored, past the API. */
  readonly db: Database;
  readonly record: ClusterRecord;
  readonly ada: TestUser;
  /** Starts what was killed, lifts every fault, and begins a record anew. */
  mend(): Promise<void>;
  /** A new server, with a consent at the first process and a first call at each. Acme Weather is not at the authorization server's port. */
  connectAccount(at?: "notes" | "weather"): Promise<Account>;
  /** Past the API, so that nothing of it goes on behind the next test. */
  forgetAccount(account: Account): Promise<void>;
  /** As if the token's time were up: Gatehouse knows it, and the server refuses it. */
  runOut(account: Account): Promise<void>;
  /** The same, and the record goes on. */
  expire(account: Account): Promise<void>;
  callOnce(account: Account, process: ClusterProcess): Promise<CallOutcome>;
  /** `ENCRYPTION_KEYS` of processes that start from now on. */
  encryptionKeys: string;
  /** Whichever process reaches the stage first meets its fault; resolves with it. The others are disarmed. */
  strike(fault: StageFault): Promise<ClusterProcess>;
  /** Calls at once, at these processes or at all. */
  call(account: Account, countEach: number, at?: readonly ClusterProcess[]): Promise<CallOutcome[]>;
  /** The variables with which a further process joins, as it is run by an operator. */
  environmentOf(port: number): Record<string, string>;
  /** The database's server is another one from now on. */
  moveDatabase(databaseUrl: string): void;
}

export interface ClusterOptions {
  databaseUrl: string;
  limits: RefreshLimits;
  /** How wrong each process's wall clock is, in milliseconds. */
  clockShiftsMs?: readonly [number, number, number];
}

const names = ["A", "B", "C"] as const;
const tools = {
  notes: { name: "list_notes", arguments: {} },
  weather: { name: "get_forecast", arguments: { city: "Lisbon", days: 1 } },
};

export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { limits, clockShiftsMs = [0, 0, 0] } = options;
  const resources = new AsyncDisposableStack();
  const sandbox = resources.use(
    // Long enough that none comes near its end but by `runOut`.
    await startSandbox({ port: 0, weatherPort: 0, accessTokenTtlSeconds: 3_600 }),
  );
  const ownProxy = resources.use(await startDatabaseProxy(options.databaseUrl));
  const db = openDatabase(ownProxy.url, 2);
  resources.defer(() => db.$disconnect());
  const record = createRecord(sandbox.traffic);
  const secrets = {
    encryptionKeys: generateKey("test"),
    authSecret: randomBytes(32).toString("base64"),
  };
  const ports = await Promise.all(names.map(findFreePort));
  const publicUrl = `http://localhost:${ports[0]}`;
  const urls = { notes: sandbox.notesUrl, weather: sandbox.weatherUrl };
  const strikes = new Set<(process: ClusterProcess) => void>();

  const environmentOf = (port: number) => ({
    PORT: String(port),
    PUBLIC_URL: publicUrl,
    ALLOWED_HOSTS: `localhost:${port}`,
    SANDBOX: "off",
    LOG_LEVEL: "info",
    // One user creates hundreds of servers, each of which appends an event.
    OUTBOUND_OPERATIONS_PER_MINUTE: "1000000",
    MAX_SERVERS_PER_WORKSPACE: "100000",
  });

  const processes = await Promise.all(
    names.map(async (name, index): Promise<ClusterProcess> => {
      const database = resources.use(await startDatabaseProxy(options.databaseUrl));
      const port = ports[index] ?? 0;
      const process = createGatehouseProcess({
        name,
        url: `http://localhost:${port}`,
        clockShiftMs: clockShiftsMs[index] ?? 0,
        settings: {
          env: environmentOf(port),
          databaseUrl: database.url,
          secrets,
          limits,
        },
        onMessage(message: FromProcess) {
          record.take(name, message);
          if (message.kind !== "stage" || message.signal === null) return;
          for (const strike of strikes) strike(cluster);
        },
        onEnd: (signal) => record.note(name, `ends (${signal})`),
      });
      const cluster: ClusterProcess = { ...process, database };
      resources.defer(() => process.end());
      await process.start();
      return cluster;
    }),
  );
  const [first] = processes;
  if (!first) throw new Error("a cluster has processes");
  const ada = await signUp(first.url, "ada");

  const callOnce = async (account: Account, process: ClusterProcess): Promise<CallOutcome> => {
    const began = performance.now();
    const { tool, serverId } = account;
    const answer = await executeTool(ada.at(process.url), serverId, tool.name, tool.arguments).then(
      ({ __typename, reason }) => ({ answer: String(__typename), reason: reason ?? null }),
      (error: unknown) => ({
        // A fetch that fails is a TypeError; an answer with `errors` is not.
        answer: error instanceof TypeError ? "lost" : "error",
        reason: String(error),
      }),
    );
    return { process: process.name, ...answer, waitedMs: performance.now() - began };
  };

  const expire = async ({ grantId }: Account): Promise<void> => {
    await db.$executeRaw`
      UPDATE "OAuthGrant" SET "accessTokenExpiresAt" = clock_timestamp() - interval '1 second',
        "refreshRetryAt" = NULL, "refusedAt" = NULL WHERE "id" = ${grantId}::uuid`;
    sandbox.expireAccessTokens();
  };

  return {
    processes,
    publicUrl,
    limits,
    sandbox,
    db,
    record,
    ada,
    async mend() {
      sandbox.faults.clear();
      await sandbox.resume();
      for (const process of processes) {
        process.continue();
        process.database.losesNotifications = false;
        process.database.open();
      }
      await Promise.all(
        processes.map((process) => (process.isRunning() ? process.arm(null) : process.start())),
      );
      sandbox.traffic.reset();
      record.restart();
    },
    async connectAccount(at = "notes") {
      const serverId = await createServer(ada, urls[at]);
      const serverRowId = rowIdOf(serverId);
      await connect(ada, serverId);
      const { id: grantId, client } = await db.oAuthGrant.findFirstOrThrow({
        where: { serverId: serverRowId },
        include: { client: true },
      });
      const clientId = client?.clientId ?? "";
      const account = { serverId, serverRowId, grantId, clientId, tool: tools[at] };
      await Promise.all(processes.map((process) => callOnce(account, process)));
      return account;
    },
    async forgetAccount({ serverRowId }) {
      await db.mcpServer.deleteMany({ where: { id: serverRowId } });
    },
    async runOut(account) {
      await expire(account);
      sandbox.traffic.reset();
      record.restart();
    },
    expire,
    callOnce,
    get encryptionKeys() {
      return secrets.encryptionKeys;
    },
    set encryptionKeys(list) {
      secrets.encryptionKeys = list;
    },
    async strike(fault) {
      const struck = Promise.withResolvers<ClusterProcess>();
      strikes.add(struck.resolve);
      await Promise.all(processes.map((process) => process.arm(fault)));
      void struck.promise.then(async (victim) => {
        strikes.delete(struck.resolve);
        await Promise.all(
          processes.filter((other) => other !== victim).map((other) => other.arm(null)),
        );
      });
      return struck.promise;
    },
    async call(account, countEach, at = processes) {
      const outcomes = await Promise.all(
        at.map(async (process) => {
          record.note(process.name, `${countEach} calls begin`);
          const calls = Array.from({ length: countEach }, () => callOnce(account, process));
          const done = await Promise.all(calls);
          record.noteCalls(process.name, done);
          return done;
        }),
      );
      return outcomes.flat();
    },
    environmentOf: (port) => ({
      ...environmentOf(port),
      DATABASE_URL: ownProxy.url,
      ENCRYPTION_KEYS: secrets.encryptionKeys,
      AUTH_SECRET: secrets.authSecret,
    }),
    moveDatabase(databaseUrl) {
      for (const proxy of [ownProxy, ...processes.map(({ database }) => database)])
        proxy.open(databaseUrl);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
