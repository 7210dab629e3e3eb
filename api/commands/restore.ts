/** `pnpm restore FILE`: makes a back-up the database of this installation. */
import "./compile-cache.ts";
import { loadOwnConfig } from "../src/config.ts";
import { StartFailure } from "../src/start-failure.ts";
import { watchForStop } from "../src/stop-request.ts";
import { prepareDatabaseClient } from "./prepare.ts";

const report = (fault: string) => console.error(fault);
const say = (line: string) => console.log(line);
process.exit(await run());

async function run(): Promise<number> {
  const answer = loadOwnConfig();
  if (!answer.ok) {
    for (const fault of answer.faults) report(fault);
    return 1;
  }
  const request = watchForStop(report);
  try {
    await prepareDatabaseClient({ say, signal: request.signal });
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error;
    report(error.message);
    return 1;
  }
  // Not before: it needs the client that has just been generated.
  const { runRestore } = await import("../src/back-up/run-restore.ts");
  const exitCode = await runRestore(process.argv.slice(2), {
    config: answer.config,
    // The package manager runs us in the repository's folder, whatever the person's was.
    folder: process.env["INIT_CWD"] ?? process.cwd(),
    say,
    report,
    signal: request.signal,
  });
  return Math.max(exitCode, request.exitCode);
}
