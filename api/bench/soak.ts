/**
 * `pnpm soak [SECONDS]`, 20 minutes unless told: one Gatehouse with its embedded server under steady load, calls that need refreshes,
 * subscribers that come and go, servers that are made and deleted. What it holds must be flat: memory, handles, files, connections to
 * the database; and Node must not warn of listeners. A run of half a minute shows that the command works, not that nothing leaks.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { findRunningPostgres } from "@gatehouse/prisma/embedded-postgres";
import pg from "pg";
import { prepareDatabaseClient } from "../commands/prepare.ts";
import { startSandbox } from "#sandbox/sandbox.ts";
import {
  connect,
  createServer,
  executeTool,
  signUp,
  type TestUser,
} from "../test/support/client.ts";
import { findFreePort } from "../test/support/free-port.ts";
import { OwnProgram } from "../test/support/own-program.ts";
import { describeSoak, type Sample } from "./soak-verdict.ts";

const seconds = Number(process.argv[2] ?? 20 * 60);
if (!(seconds >= 20)) throw new Error("Usage: pnpm soak [SECONDS, 20 or more]");
const say = (line: string) => console.log(line);
const metricsToken = "soak-".padEnd(40, "0");
const callers = 4;

await using resources = new AsyncDisposableStack();
await prepareDatabaseClient({ say });
const folder = mkdtempSync(join(tmpdir(), "gatehouse-soak-"));
// Run by root, PostgreSQL runs as another user, who must get in.
chmodSync(folder, 0o755);
resources.defer(() => rmSync(folder, { recursive: true, force: true }));
// Due every few seconds, so that refreshes are part of the load.
const sandbox = resources.use(await startSandbox({ port: 0, accessTokenTtlSeconds: 10 }));
const url = `http://localhost:${await findFreePort()}`;
const program = new OwnProgram("api/src/main.ts", [], {
  PORT: new URL(url).port,
  SANDBOX: "off",
  DATA_DIR: folder,
  METRICS_TOKEN: metricsToken,
  NODE_OPTIONS: `--import ${join(import.meta.dirname, "collect-garbage.ts")}`,
});
resources.defer(async () => {
  program.child.kill("SIGTERM");
  await program.ended;
});
await program.says("Gatehouse is ready at ");
const ada = await signUp(url, "ada");
const serverId = await createServer(ada, sandbox.notesUrl, { name: "Notes" });
await connect(ada, serverId);
const database = new pg.Client({ connectionString: (await findRunningPostgres(folder)) ?? "" });
await database.connect();
resources.defer(async () => {
  await database.end();
});

const until = performance.now() + seconds * 1_000;
const counts = { calls: 0, subscriptions: 0, servers: 0, failed: 0 };
const goOn = () => performance.now() < until;

async function callTools(user: TestUser): Promise<void> {
  while (goOn()) {
    const { __typename } = await executeTool(user, serverId, "list_notes");
    counts[__typename === "ToolExecuted" ? "calls" : "failed"] += 1;
    await pause(20);
  }
}

/** Each hears of a server that is made, then leaves. */
async function comeAndGo(user: TestUser): Promise<void> {
  while (goOn()) {
    await using events = user.subscribe(
      "subscription ($id: ID!) { workspaceEvents(workspaceId: $id) { type } }",
      { id: user.workspaceId },
    );
    const heard = events.next();
    const id = await createServer(user, sandbox.weatherUrl, { name: "Weather" });
    await user.query("mutation ($id: ID!) { deleteMcpServer(id: $id) { id } }", { id });
    await heard;
    counts.subscriptions += 1;
    counts.servers += 1;
    await pause(100);
  }
}

async function readSample(): Promise<Sample> {
  const headers = { authorization: `Bearer ${metricsToken}` };
  const text = await (await fetch(`${url}/metrics`, { headers })).text();
  const read = (name: string) => Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
  const { rows } = await database.query<{ count: number }>(
    "select count(*)::int as count from pg_stat_activity where datname = current_database()",
  );
  return {
    "memory, MiB": read("process_resident_memory_bytes") / 2 ** 20,
    "heap, MiB": read("nodejs_heap_size_used_bytes") / 2 ** 20,
    handles: read("nodejs_active_handles_total"),
    "open files": read("process_open_fds"),
    "database connections": rows[0]?.count ?? Number.NaN,
  };
}

const samples: Sample[] = [];
async function watch(): Promise<void> {
  while (goOn()) {
    await pause(Math.min(5_000, (seconds * 1_000) / 24));
    samples.push(await readSample());
  }
}

await Promise.all([
  ...Array.from({ length: callers }, () => callTools(ada)),
  comeAndGo(ada),
  watch(),
]);
const { lines, faults } = describeSoak(samples);
if (/MaxListenersExceededWarning/.test(program.output)) faults.push("Node warns of listeners.");
if (counts.failed > 0) faults.push(`${counts.failed} calls failed.`);
say(
  `${seconds} s: ${counts.calls} calls, ${counts.subscriptions} subscriptions and servers, ${sandbox.traffic.countTokenRequests()} token requests.`,
);
for (const line of [...lines, ...faults]) say(line);
say(faults.length === 0 ? "Flat." : "Not flat.");
process.exitCode = faults.length === 0 ? 0 : 1;
