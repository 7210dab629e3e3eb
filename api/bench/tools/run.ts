/**
 * `pnpm bench tools`: one call of one tool of one MCP server, made by (a) the SDK's client with an open session, (b) a bare Yoga resolver
 * around that, (c) Gatehouse with PostgreSQL and an account connected by OAuth, and (d) a client that connects for each call.
 *
 *     --quick            fewer and shorter rounds, fewer sessions and servers
 *     --profile FOLDER   writes a CPU profile of the measured process of Gatehouse there
 */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startEmbeddedPostgres } from "@gatehouse/prisma/embedded-postgres";
import pg from "pg";
import { startStatementCounter } from "../../test/support/statement-counter.ts";
import { startChild } from "../child.ts";
import { formatTable } from "../table.ts";
import { describeOperation, startGatehouse } from "./gatehouse.ts";
import {
  countHttp,
  countStatements,
  type Load,
  measureInTurn,
  measureSessions,
  type Side,
} from "./measure.ts";
import type {
  LoadAnswers,
  LoadRequest,
  McpServerAnswers,
  McpServerRequest,
  ServerAnswers,
  ServerRequest,
} from "./messages.ts";
import {
  describeComparison,
  describeFlatness,
  describeHttp,
  describeSessions,
  describeStatements,
  tableHead,
} from "./table-rows.ts";

interface Plan {
  rounds: number;
  durationMs: number;
  sessions: number;
  servers: number;
  countedCalls: number;
}

const full: Plan = {
  rounds: 9,
  durationMs: 1_500,
  sessions: 1_000,
  servers: 10_000,
  countedCalls: 40,
};
const quick: Plan = {
  rounds: 3,
  durationMs: 400,
  sessions: 100,
  servers: 10_000,
  countedCalls: 15,
};

export async function runToolsBench(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { quick: { type: "boolean", default: false }, profile: { type: "string" } },
  });
  const dataDir = await mkdtemp(join(tmpdir(), "gatehouse-bench-"));
  const postgres = await startEmbeddedPostgres({ dataDir });
  try {
    const profiling = values.profile ? ["--cpu-prof", `--cpu-prof-dir=${values.profile}`] : [];
    const rows = await diffCatalogs(postgres.url, values.quick ? quick : full, profiling);
    console.log(
      `Node ${process.version}, ${availableParallelism()} cores. Medians of the rounds, with the spread of what is compared in brackets.\n`,
    );
    console.log(formatTable(tableHead, rows));
  } finally {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const say = (line: string) => console.error(line);
const program = (name: string) => join(import.meta.dirname, name);

async function diffCatalogs(
  postgresUrl: string,
  plan: Plan,
  profiling: string[],
): Promise<string[][]> {
  await using resources = new AsyncDisposableStack();
  const execArgv = ["--expose-gc"];
  const mcpServer = resources.use(
    startChild<McpServerRequest, McpServerAnswers>(program("mcp-server.ts")),
  );
  const target = await mcpServer.ask({ kind: "start" });
  const load: Load = resources.use(
    startChild<LoadRequest, LoadAnswers>(program("load-client.ts"), execArgv),
  );
  const bare = resources.use(
    startChild<ServerRequest, ServerAnswers>(program("bare-server.ts"), execArgv),
  );
  const { url: bareUrl } = await bare.ask({ kind: "start", gatehouse: null, target });
  const start = async (databaseUrl: string, further: string[] = []) =>
    startGatehouse(resources, { databaseUrl, target, execArgv: [...execArgv, ...further] });

  say("starting Gatehouse ...");
  const gatehouse = await start(await createDatabase(postgresUrl, "bench_one"), profiling);
  const bareOperation = describeOperation(bareUrl, "one", "");
  const sides: Side[] = [
    { way: { how: "sdk", target } },
    { way: { how: "http", operation: bareOperation }, readCpuMs: () => bare.ask({ kind: "cpu" }) },
    {
      way: { how: "http", operation: gatehouse.operation },
      readCpuMs: () => gatehouse.child.ask({ kind: "cpu" }),
    },
    { way: { how: "connect-per-call", target } },
  ];
  const rows: string[][] = [];
  for (const concurrency of [1, 16, 64]) {
    say(`${concurrency} at once ...`);
    const measured = await measureInTurn(load, sides, { concurrency, ...plan });
    rows.push(...describeComparison({ concurrency, sides: measured }));
  }

  say("requests and statements ...");
  const requests: number[] = [];
  for (const { way } of sides) requests.push(await countHttp(load, mcpServer, way));
  rows.push(describeHttp(requests));
  const counter = resources.use(
    await startStatementCounter(await createDatabase(postgresUrl, "bench_counted")),
  );
  const counted = await start(counter.url);
  await load.ask({ kind: "each", operations: Array(20).fill(counted.operation), width: 1 });
  const counts = await countStatements(load, counted.operation, counter, plan.countedCalls);
  rows.push(...describeStatements(counts));

  say(`${plan.servers} servers ...`);
  const many = await start(await createDatabase(postgresUrl, "bench_many"));
  await many.addIdleServers(plan.servers - 1);
  const flat = [gatehouse, many].map(({ operation }): Side => ({
    way: { how: "http", operation },
  }));
  const [ofOne = [], ofMany = []] = await measureInTurn(load, flat, { concurrency: 16, ...plan });
  rows.push(describeFlatness(ofOne, ofMany, plan.servers));

  say(`${plan.sessions} sessions ...`);
  const memory = await measureSessions(load, many, target, plan.sessions);
  rows.push(...describeSessions(memory, plan.sessions));
  return rows;
}

async function createDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${name}`);
  } finally {
    await client.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
