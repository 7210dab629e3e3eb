/** Rounds in turn, so that whatever else the machine does hits all alike. */
import { setTimeout as delay } from "node:timers/promises";
import { request } from "undici";
import type { StatementCounter } from "../../test/support/statement-counter.ts";
import type { Child } from "../child.ts";
import { median, quantile } from "../statistics.ts";
import type { Gatehouse } from "./gatehouse.ts";
import type {
  LoadAnswers,
  LoadRequest,
  McpServerAnswers,
  McpServerRequest,
  Operation,
  Run,
  Way,
} from "./messages.ts";

export type Load = Child<LoadRequest, LoadAnswers>;

/** One of what is compared. */
export interface Side {
  way: Way;
  /** Processor time of the process that serves it, in milliseconds; absent where the caller's own process does the work. */
  readCpuMs?: () => Promise<number>;
}

export interface RoundResult {
  callsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Of the serving process, for one call; null where the caller's own does the work. */
  cpuMsPerCall: number | null;
}

export interface Plan {
  concurrency: number;
  rounds: number;
  durationMs: number;
}

/** The rounds of each side, in the order of the sides. */
export async function measureInTurn(
  load: Load,
  sides: readonly Side[],
  { concurrency, rounds, durationMs }: Plan,
): Promise<RoundResult[][]> {
  const measureRound = async ({ way, readCpuMs }: Side): Promise<RoundResult> => {
    const before = await readCpuMs?.();
    const done = await load.ask({ kind: "run", way, concurrency, durationMs });
    const after = await readCpuMs?.();
    const cpuMs = before === undefined || after === undefined ? null : after - before;
    return describeRun(done, cpuMs);
  };
  // The first round is for the compiler, and for what is made at the first call.
  for (const side of sides) await measureRound(side);
  const found: RoundResult[][] = sides.map(() => []);
  for (let round = 0; round < rounds; round += 1)
    for (let turn = 0; turn < sides.length; turn += 1) {
      const index = (turn + round) % sides.length;
      const side = sides[index];
      if (side) found[index]?.push(await measureRound(side));
    }
  return found;
}

function describeRun({ latenciesMs, elapsedMs }: Run, cpuMs: number | null): RoundResult {
  return {
    callsPerSecond: latenciesMs.length / (elapsedMs / 1_000),
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    cpuMsPerCall: cpuMs === null ? null : cpuMs / latenciesMs.length,
  };
}

/** HTTP requests at the MCP server for one call. */
export async function countHttp(
  load: Load,
  mcpServer: Child<McpServerRequest, McpServerAnswers>,
  way: Way,
): Promise<number> {
  const run = () => load.ask({ kind: "run", way, concurrency: 1, durationMs: 200 });
  await run();
  const opening = await countOpening(load, mcpServer, way);
  const before = await mcpServer.ask({ kind: "requests" });
  const { latenciesMs } = await run();
  const requests = (await mcpServer.ask({ kind: "requests" })) - before;
  return (requests - opening) / latenciesMs.length;
}

/** What a run that makes no call sends: a session is opened for it. */
async function countOpening(
  load: Load,
  mcpServer: Child<McpServerRequest, McpServerAnswers>,
  way: Way,
): Promise<number> {
  const before = await mcpServer.ask({ kind: "requests" });
  await load.ask({ kind: "run", way, concurrency: 0, durationMs: 0 });
  return (await mcpServer.ask({ kind: "requests" })) - before;
}

export interface StatementCounts {
  /** Sent between a call and its answer, at the median of calls that come one at a time. */
  awaited: number;
  /** Of everything that the process does meanwhile, shared out among the calls; by how many there are at once. */
  inAll: { concurrency: number; perCall: number }[];
}

/** Batches are written a moment after the answers they tell of. */
const settleMs = 300;

export async function countStatements(
  load: Load,
  operation: Operation,
  counter: StatementCounter,
  calls: number,
): Promise<StatementCounts> {
  const { url, headers, body } = operation;
  const awaited: number[] = [];
  for (let index = 0; index < calls; index += 1) {
    // What is written behind the answer before is none of this one's.
    await delay(settleMs);
    const before = counter.count();
    await (await request(url, { method: "POST", headers, body })).body.text();
    awaited.push(counter.count() - before);
  }
  const inAll = [];
  for (const concurrency of [1, 16]) {
    await delay(settleMs);
    const before = counter.count();
    const way = { how: "http", operation } as const;
    const run = await load.ask({ kind: "run", way, concurrency, durationMs: 1_000 });
    await delay(settleMs);
    inAll.push({
      concurrency,
      perCall: (counter.count() - before) / run.latenciesMs.length,
    });
  }
  return { awaited: median(awaited), inAll };
}

export interface SessionMemory {
  heapKib: number;
  rssKib: number;
}

/** What a pooled session takes in Gatehouse, and what one of the SDK's client alone does. */
export async function measureSessions(
  load: Load,
  { child, addOpenServers }: Gatehouse,
  target: { url: string; token: string; openUrl: string },
  count: number,
): Promise<{ gatehouse: SessionMemory; sdk: SessionMemory }> {
  const operations = await addOpenServers(count + 20);
  // What is compiled and cached with the first of them is not the price of each.
  await load.ask({ kind: "each", operations: operations.slice(count), width: 4 });
  const before = await child.ask({ kind: "memory" });
  await load.ask({ kind: "each", operations: operations.slice(0, count), width: 8 });
  const after = await child.ask({ kind: "memory" });
  const sdk = await load.ask({ kind: "sessions", target, count });
  const kibEach = (from: typeof before, to: typeof before): SessionMemory => ({
    heapKib: (to.heapBytes - from.heapBytes) / count / 1_024,
    rssKib: (to.rssBytes - from.rssBytes) / count / 1_024,
  });
  return { gatehouse: kibEach(before, after), sdk: kibEach(sdk.before, sdk.after) };
}
