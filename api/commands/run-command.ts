/** What the commands beside `start` have in common: they read the settings, prepare the client, and may be stopped. */
import { loadOwnConfig } from "#config/config.ts";
import type { Config } from "#config/config.ts";
import { StartupError } from "#config/startup-error.ts";
import { watchForShutdown } from "#process/shutdown-signal.ts";
import { prepareDatabaseClient } from "./prepare.ts";

export interface CommandContext {
  config: Config;
  say(line: string): void;
  report(fault: string): void;
  /** Ends the command. */
  signal: AbortSignal;
}

/** What is to be done. Returns the exit code, having reported why it is not 0. */
export type Command = (args: readonly string[], context: CommandContext) => Promise<number>;

/**
 * Runs a command of this repository with the process's own arguments and ends the process with its exit code.
 * @param load imports the command. Not called before the client is generated, for the command needs it
 */
export async function runCommand(load: () => Promise<Command>): Promise<never> {
  const report = (fault: string) => console.error(fault);
  process.exit(await run(load, (line) => console.log(line), report));
}

async function run(
  load: () => Promise<Command>,
  say: CommandContext["say"],
  report: CommandContext["report"],
): Promise<number> {
  const answer = loadOwnConfig();
  if (!answer.ok) {
    for (const fault of answer.faults) report(fault);
    return 1;
  }
  const request = watchForShutdown(report);
  try {
    await prepareDatabaseClient({ say, signal: request.signal });
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    report(error.message);
    return 1;
  }
  const command = await load();
  const { config } = answer;
  const exitCode = await command(process.argv.slice(2), {
    config,
    say,
    report,
    signal: request.signal,
  });
  return Math.max(exitCode, request.exitCode);
}
