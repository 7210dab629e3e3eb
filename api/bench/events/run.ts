/**
 * `pnpm bench events`: from the commit of an event to its receipt, memory of those who wait, and what is sustained, each beside a bare
 * graphql-ws server that pushes the same payload out of memory.
 *
 *     --subscribers 1,100,10000   how many at once
 *     --quick                     fewer rounds, events and workspaces
 */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startEmbeddedPostgres } from "@gatehouse/prisma/embedded-postgres";
import { applyMigrations } from "@gatehouse/prisma/migrate";
import { formatTable } from "../table.ts";
import { compareEvents } from "./compare.ts";
import { formatComparison, tableHead } from "./comparison.ts";
import { makeSecrets } from "./side.ts";

export async function runEventsBench(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      subscribers: { type: "string", default: "1,100,10000" },
      quick: { type: "boolean", default: false },
    },
  });
  const subscribers = values.subscribers.split(",").map(Number);
  if (subscribers.some((count) => !Number.isInteger(count) || count < 1))
    throw new Error("--subscribers takes whole numbers, as in 1,100,10000.");
  const dataDir = await mkdtemp(join(tmpdir(), "gatehouse-bench-"));
  const postgres = await startEmbeddedPostgres({ dataDir });
  // It has a process group of its own, and would outlive us.
  const stop = async () => {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => void stop().finally(() => process.exit(130)));
  try {
    await applyMigrations(postgres.url);
    const comparisons = await compareEvents({
      database: { url: postgres.url, secrets: makeSecrets() },
      subscribers,
      workspaces: values.quick ? 100 : 1_000,
      plan: values.quick
        ? { rounds: 3, eventsPerRound: (count) => planEvents(count) / 5, events: 300 }
        : { rounds: 7, eventsPerRound: planEvents, events: 2_000 },
      say: (line) => console.error(line),
    });
    console.log(
      `Node ${process.version}, ${availableParallelism()} cores. Medians of the rounds; "rounds" is the spread of their ratios.\n`,
    );
    console.log(formatTable(tableHead, comparisons.map(formatComparison)));
  } finally {
    await stop();
  }
}

/** Fewer where each goes to many. */
function planEvents(count: number): number {
  if (count >= 5_000) return 5;
  return count >= 500 ? 10 : 40;
}
