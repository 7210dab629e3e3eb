/** `pnpm keys`: opens the database that is in use, runs one step of a rotation, and lets go again. */
import { openDatabase } from "@gatehouse/prisma";
import pg from "pg";
import type { Config } from "#config/config.ts";
import { BUS_CHANNEL } from "#events/bus.ts";
import { topics } from "#events/topics.ts";
import { StartupError } from "#config/startup-error.ts";
import { createProcessStore } from "#storage/processes.ts";
import { openCommandDatabase } from "./open-database.ts";
import { createKeyCommands, type KeyCommands } from "./key-commands.ts";
import type { Verdict } from "./rotation.ts";

const KEYS_USAGE = `Usage: pnpm keys rotate | check | add | promote | reseal | remove ID
  rotate   creates a new key, re-encrypts everything with it and removes the old key
  check    shows the keys in use and the keys of each running process
  add, promote, reseal, remove ID   run one step of a rotation`;

export interface RunKeysOptions {
  config: Config;
  say(line: string): void;
  report(fault: string): void;
  /** Ends the command; whatever it has done stays. */
  signal: AbortSignal;
}

/** Any number that nobody else takes in this database. */
const commandLock = 4_716_000_002;
/** A process beats every two seconds once it serves, and may be on its way there. */
const heldPatienceMs = 15_000;

/** Returns the exit code: 1 for a refusal, 2 for a command that does not exist; either has been reported by then. */
export async function runKeys(args: readonly string[], options: RunKeysOptions): Promise<number> {
  const { report } = options;
  const step = readStep(args);
  if (step === null) {
    report(KEYS_USAGE);
    return 2;
  }
  try {
    const verdict = await runStep(step, args[0] === "check", options);
    if (!verdict.ok) report(verdict.message);
    return verdict.ok ? 0 : 1;
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    report(error.message);
    return 1;
  }
}

type Step = (commands: KeyCommands) => Promise<Verdict>;

function readStep([name, keyId, ...rest]: readonly string[]): Step | null {
  if (rest.length > 0) return null;
  if (name === "remove") return keyId ? (commands) => commands.remove(keyId) : null;
  if (keyId !== undefined) return null;
  switch (name) {
    case "add":
    case "promote":
    case "reseal":
    case "check":
    case "rotate":
      return (commands) => commands[name]();
    default:
      return null;
  }
}

async function runStep(step: Step, isCheck: boolean, options: RunKeysOptions): Promise<Verdict> {
  const { config, say, signal } = options;
  await using database = await openCommandDatabase(config, say, signal);
  await using stack = new AsyncDisposableStack();
  const client = new pg.Client({ connectionString: database.url });
  // A broken connection is told by the statement that needed it.
  client.on("error", () => undefined);
  await client.connect();
  stack.defer(() => client.end());
  const db = openDatabase(database.url, 3);
  stack.defer(() => db.$disconnect());

  if (!isCheck) {
    // Held by this session, and so gone with the process, however it ends.
    const { rows } = await client.query<{ taken: boolean }>(
      "select pg_try_advisory_lock($1) as taken",
      [commandLock],
    );
    if (rows[0]?.taken !== true) {
      throw new StartupError("Another command is changing the keys. Wait until it has finished.");
    }
    if (database.use === "held") await waitForProcess(db, config.dataDir, signal);
  }
  const commands = createKeyCommands({
    db,
    source: database.source,
    isAlone: database.use === "ours",
    say,
    wakeProcesses: async () => {
      await client.query("select pg_notify($1, $2)", [BUS_CHANNEL, topics.keys]);
    },
    signal,
    now: () => new Date(),
  });
  return await step(commands);
}

/** Whoever holds the data folder has read the keys: unless it says which, nothing may change. */
async function waitForProcess(
  db: ReturnType<typeof openDatabase>,
  dataDir: string,
  signal: AbortSignal,
): Promise<void> {
  const processes = createProcessStore(db);
  const deadline = performance.now() + heldPatienceMs;
  while ((await processes.listLive()).length === 0) {
    if (performance.now() > deadline || signal.aborted) {
      throw new StartupError(
        `A process uses ${dataDir} but does not respond. Wait until it is ready, or stop it.`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
